package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafka-lite-cluster/test/clients/lines"
)

// A member of a group: prints what it is given, reads and commits, until its input ends.
func group(bootstrap, topic, name string) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var mutex sync.Mutex
	own := map[int32]bool{}
	assigned := func(_ context.Context, client *kgo.Client, added map[string][]int32) {
		mutex.Lock()
		defer mutex.Unlock()
		for _, partition := range added[topic] {
			own[partition] = true
		}
		_, generation := client.GroupMetadata()
		lines.Tell("assigned", generation, lines.Numbers(slices.Collect(maps.Keys(own))))
	}
	revoked := func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
		mutex.Lock()
		defer mutex.Unlock()
		for _, partition := range gone[topic] {
			delete(own, partition)
		}
		lines.Tell("revoked", lines.Numbers(gone[topic]))
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumerGroup(name), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(10*time.Second), kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(assigned), kgo.OnPartitionsRevoked(revoked), kgo.OnPartitionsLost(revoked))
	check(err)
	for ctx.Err() == nil {
		records := client.PollFetches(ctx).Records()
		ends := map[int32]int64{}
		for _, record := range records {
			lines.Tell("record", record.Partition, record.Offset, string(record.Value))
			ends[record.Partition] = record.Offset + 1
		}
		if err := client.CommitRecords(ctx, records...); err != nil {
			fmt.Fprintln(os.Stderr, err) // whoever has the partition now begins below
		} else {
			for partition, offset := range ends {
				lines.Tell("committed", partition, offset)
			}
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
}
