package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka-lite-cluster/test/clients/lines"
)

type member struct{ topic string }

func (m member) Setup(session sarama.ConsumerGroupSession) error {
	lines.Tell("assigned", session.GenerationID(), lines.Numbers(session.Claims()[m.topic]))
	return nil
}

func (m member) Cleanup(session sarama.ConsumerGroupSession) error {
	lines.Tell("revoked", lines.Numbers(session.Claims()[m.topic]))
	return nil
}

// It does not tell whether a commit was acknowledged.
func (member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		lines.Tell("record", message.Partition, message.Offset, string(message.Value))
		session.MarkMessage(message, "")
	}
	return nil
}

// A member of a group: prints what it is given and reads, until its input ends.
func group(bootstrap, topic, name string) {
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Interval = 200 * time.Millisecond
	config.Consumer.Group.Session.Timeout = 10 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	consumers, err := sarama.NewConsumerGroup(strings.Split(bootstrap, ","), name, config)
	check(err)
	for ctx.Err() == nil {
		// It ends with each rebalance, and when a broker is gone; the next one goes on.
		if err := consumers.Consume(ctx, []string{topic}, member{topic}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			time.Sleep(200 * time.Millisecond)
		}
	}
	check(consumers.Close())
}
