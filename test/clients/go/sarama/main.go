// Writes records to every partition of a topic and reads them back by partition. Arguments: bootstrap, topic, partitions, codec, count.
// Or it is a member of a group; arguments: group, bootstrap, topic, name of the group.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
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

	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Compression = codecs[codec]
	client, err := sarama.NewClient(strings.Split(bootstrap, ","), config)
	check(err)
	producer, err := sarama.NewSyncProducerFromClient(client)
	check(err)
	consumer, err := sarama.NewConsumerFromClient(client)
	check(err)
	for partition := range partitions {
		messages := make([]*sarama.ProducerMessage, count)
		for i := range messages {
			messages[i] = &sarama.ProducerMessage{Topic: topic, Partition: int32(partition), Key: sarama.StringEncoder(fmt.Sprintf("key %d", i)),
				Value: sarama.StringEncoder(value(i, partition)), Headers: []sarama.RecordHeader{{Key: []byte("codec"), Value: []byte(codec)}}}
		}
		check(producer.SendMessages(messages))
		start := messages[0].Offset
		reader, err := consumer.ConsumePartition(topic, int32(partition), start)
		check(err)
		for i := range count {
			select {
			case message := <-reader.Messages():
				if message.Offset != start+int64(i) || string(message.Value) != value(i, partition) || string(message.Headers[0].Value) != codec {
					check(fmt.Errorf("partition %d record %d is not what was written: offset %d", partition, i, message.Offset))
				}
			case <-time.After(20 * time.Second):
				check(fmt.Errorf("nothing came in 20 s"))
			}
		}
		check(reader.Close())
	}
	check(producer.Close())
	fmt.Printf("ok %s %d\n", codec, partitions*count)
}
