// franz-go as a program of test/clients/transactions; the README there tells what it is asked and what it answers.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
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

func number(text string) int {
	parsed, err := strconv.Atoi(text)
	check(err)
	return parsed
}

func settings(bootstrap, transactionalId, timeoutMs string) []kgo.Opt {
	return []kgo.Opt{kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.TransactionalID(transactionalId),
		kgo.TransactionTimeout(time.Duration(number(timeoutMs)) * time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner())}
}

func produce(ctx context.Context, bootstrap, topic, transactionalId, timeoutMs string) {
	client, err := kgo.NewClient(settings(bootstrap, transactionalId, timeoutMs)...)
	check(err)
	// It asks for its producer id, and so fences others, only when it needs it.
	_, _, err = client.ProducerID(ctx)
	check(err)
	fmt.Println("ok")
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		var err error
		switch words[0] {
		case "begin":
			err = client.BeginTransaction()
		case "send":
			record := &kgo.Record{Topic: topic, Partition: int32(number(words[1])), Value: []byte(words[2])}
			err = client.ProduceSync(ctx, record).FirstErr()
		case "commit":
			err = client.EndTransaction(ctx, kgo.TryCommit)
		case "abort":
			err = client.EndTransaction(ctx, kgo.TryAbort)
		}
		if err != nil {
			fmt.Println("failed", err)
		} else {
			fmt.Println("ok")
		}
	}
}

func copyRecords(ctx context.Context, bootstrap, source, target, group string, partitions, copies, vainEvery int, transactionalId, timeoutMs string) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	session, err := kgo.NewGroupTransactSession(append(settings(bootstrap, transactionalId, timeoutMs), kgo.ConsumerGroup(group), kgo.ConsumeTopics(source),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets(),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(500*time.Millisecond))...)
	check(err)
	for transactions := 0; ctx.Err() == nil; {
		records := session.PollRecords(ctx, 100).Records()
		if len(records) == 0 {
			continue
		}
		check(session.Begin())
		failures := kgo.AbortingFirstErrPromise(session.Client())
		for _, record := range records {
			for i := range copies {
				session.Produce(ctx, &kgo.Record{Topic: target, Partition: (record.Partition + int32(i)) % int32(partitions), Key: record.Key, Value: record.Value}, failures.Promise())
			}
		}
		isInVain := vainEvery > 0 && transactions%vainEvery == 0
		transactions++
		// An abort makes it read on from what is committed.
		committed, err := session.End(ctx, kgo.TransactionEndTry(failures.Err() == nil && !isInVain))
		check(err)
		if committed {
			fmt.Println("copied", len(records))
		}
	}
	session.Close()
}

func main() {
	args := os.Args[2:]
	if os.Args[1] == "produce" {
		produce(context.Background(), args[0], args[1], args[2], args[3])
	} else {
		copyRecords(context.Background(), args[0], args[1], args[2], args[3], number(args[4]), number(args[5]), number(args[6]), args[7], args[8])
	}
}
