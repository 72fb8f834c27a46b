// Writes records to every partition of a topic and reads them back by partition. Arguments: bootstrap, topic, partitions, codec, count.
// Or it is a member of a group; arguments: group, bootstrap, topic, name of the group.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func value(i, partition int) string {
	return strings.Repeat(fmt.Sprintf("value %d of partition %d ", i, partition), 10)
}

func main() {
	if os.Args[1] == "group" {
		group(os.Args[2], os.Args[3], os.Args[4])
		return
	}
	bootstrap, topic, codec := os.Args[1], os.Args[2], os.Args[4]
	partitions, _ := strconv.Atoi(os.Args[3])
	count, _ := strconv.Atoi(os.Args[5])
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()

	producer, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codecs[codec]))
	check(err)
	starts := map[string]map[int32]kgo.Offset{topic: {}}
	for partition := range partitions {
		records := make([]*kgo.Record, count)
		for i := range records {
			records[i] = &kgo.Record{Topic: topic, Partition: int32(partition), Key: []byte(fmt.Sprintf("key %d", i)), Value: []byte(value(i, partition)),
				Headers: []kgo.RecordHeader{{Key: "codec", Value: []byte(codec)}}}
		}
		results := producer.ProduceSync(ctx, records...)
		check(results.FirstErr())
		for i, result := range results {
			if result.Record.Offset != results[0].Record.Offset+int64(i) {
				check(fmt.Errorf("offset %d where %d was due", result.Record.Offset, results[0].Record.Offset+int64(i)))
			}
		}
		starts[topic][int32(partition)] = kgo.NewOffset().At(results[0].Record.Offset)
	}
	producer.Close()

	consumer, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumePartitions(starts))
	check(err)
	seen := make([]int, partitions)
	for total := 0; total < partitions*count; {
		fetches := consumer.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			partition := int(record.Partition)
			i := seen[partition]
			if string(record.Value) != value(i, partition) || string(record.Key) != fmt.Sprintf("key %d", i) || string(record.Headers[0].Value) != codec {
				check(fmt.Errorf("partition %d record %d is not what was written: %s", partition, i, record.Key))
			}
			seen[partition]++
			total++
		})
	}
	consumer.Close()
	fmt.Printf("ok %s %d\n", codec, partitions*count)
}
