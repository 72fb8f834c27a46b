// Commits and aborts transactions over all partitions of a topic, is fenced, and reads what counts. Arguments: bootstrap, topic, partitions, transactions.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(ctx context.Context, producer *kgo.Client, topic string, partitions int, value string) {
	check(producer.BeginTransaction())
	for partition := range partitions {
		check(producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: int32(partition), Value: []byte(value)}).FirstErr())
	}
}

func main() {
	bootstrap, topic := strings.Split(os.Args[1], ","), os.Args[2]
	partitions, _ := strconv.Atoi(os.Args[3])
	transactions, _ := strconv.Atoi(os.Args[4])
	ctx, cancel := context.WithTimeout(context.Background(), 80*time.Second)
	defer cancel()
	start := func() *kgo.Client {
		producer, err := kgo.NewClient(kgo.SeedBrokers(bootstrap...), kgo.TransactionalID(topic), kgo.TransactionTimeout(20*time.Second), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		check(err)
		return producer
	}

	producer := start()
	committed := []string{}
	for i := range transactions {
		value := strconv.Itoa(i)
		write(ctx, producer, topic, partitions, value)
		if i%3 == 2 {
			check(producer.EndTransaction(ctx, kgo.TryAbort))
		} else {
			check(producer.EndTransaction(ctx, kgo.TryCommit))
			committed = append(committed, value)
		}
	}
	write(ctx, producer, topic, partitions, "left open")
	successor := start()
	write(ctx, successor, topic, partitions, "successor")
	check(successor.EndTransaction(ctx, kgo.TryCommit))
	committed = append(committed, "successor")
	if producer.EndTransaction(ctx, kgo.TryCommit) == nil {
		check(fmt.Errorf("a fenced producer has committed"))
	}
	successor.Close()

	starts := map[string]map[int32]kgo.Offset{topic: {}}
	for partition := range partitions {
		starts[topic][int32(partition)] = kgo.NewOffset().AtStart()
	}
	consumer, err := kgo.NewClient(kgo.SeedBrokers(bootstrap...), kgo.ConsumePartitions(starts), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	check(err)
	seen := make([][]string, partitions)
	for total := 0; total < partitions*len(committed); {
		fetches := consumer.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			seen[record.Partition] = append(seen[record.Partition], string(record.Value))
			total++
		})
	}
	for partition := range partitions {
		if !slices.Equal(seen[partition], committed) {
			check(fmt.Errorf("partition %d has %v, not %v", partition, seen[partition], committed))
		}
	}
	consumer.Close()
	fmt.Printf("ok %d\n", len(committed))
}
