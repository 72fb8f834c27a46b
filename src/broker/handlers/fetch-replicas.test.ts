import { describe, expect, test } from 'vitest';
import { newLeader, partitionChanges, replicatedTopic } from '#metadata/testing.ts';
import type { RequestInput, ResponseOf } from '#protocol';
import { type FetchRequest, fetch } from '#protocol/apis/fetch.ts';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { offsetForLeaderEpoch } from '#protocol/apis/offset-for-leader-epoch.ts';
import { batchOf, decodeAnswer, ordersId, registered, TestBroker, textsOf } from '../testing.ts';

type Asked = Partial<FetchRequest['topics'][number]['partitions'][number]>;

const follower = { replicaId: 2, replicaEpoch: 2n };
const rackAware = { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' };

/** This broker, 1, leads orders-0, which broker 2 follows. */
async function leading(options: { properties?: Record<string, string> } = {}): Promise<TestBroker> {
  const broker = await TestBroker.start(options);
  broker.commit(...replicatedTopic('orders', ordersId, [1, 2]));
  await broker.applied();
  return broker;
}

function request(asked: Asked = {}, options: Partial<RequestInput<typeof fetch>> = {}) {
  const partition = { partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000, ...asked };
  return { maxWaitMs: 0, minBytes: 1, topics: [{ topicId: ordersId, partitions: [partition] }], ...options } satisfies RequestInput<
    typeof fetch
  >;
}

function only(response: ResponseOf<typeof fetch>) {
  return response.responses[0]!.partitions[0]!;
}

async function written(broker: TestBroker, ...texts: string[]): Promise<void> {
  for (const text of texts) broker.leader().append(batchOf([text]), 1, 1000);
  await broker.done(broker.leader().log.flush());
}

/** Offsets 1 to 5 were compacted away, and with them the end of epoch 0. */
async function withGap() {
  const broker = await leading();
  for (let epoch = 1; epoch <= 3; epoch++) broker.commit(newLeader(ordersId, 0, 1));
  await broker.applied();
  const { log } = broker.leader();
  await broker.world.finish(log.compaction.admitGaps());
  const batches = [
    [0n, 0],
    [6n, 1],
    [7n, 1],
    [8n, 2],
  ] as const;
  for (const [baseOffset, leaderEpoch] of batches) log.appendAsFollower(batchOf(['x'], { baseOffset, leaderEpoch }));
  await broker.done(log.flush());
  return broker;
}

describe('a follower', () => {
  test('is given what is not committed yet; by asking for more it commits it', async () => {
    const broker = await leading();
    await written(broker, 'a', 'b');
    const consumer = only(await broker.ask(fetch, 18, request()));

    const first = only(await broker.ask(fetch, 18, request({}, { replicaState: follower })));
    const before = broker.leader().highWatermark;
    await broker.ask(fetch, 18, request({ fetchOffset: 2n, lastFetchedEpoch: 0 }, { replicaState: follower }));

    expect(textsOf(consumer.records)).toEqual([]);
    expect(textsOf(first.records)).toEqual(['0:a', '1:b']);
    expect([before, broker.leader().highWatermark]).toEqual([0n, 2n]);
  });

  test('that waits is answered when something is appended, committed or not', async () => {
    const broker = await leading();
    const waiting = broker.dispatch(fetch, 18, request({ logStartOffset: 0n }, { replicaState: follower, maxWaitMs: 500 }));
    await broker.pass(10);

    broker.leader().append(batchOf(['new']), 1, 1000);

    const answer = decodeAnswer(fetch, 18, await broker.done(Promise.resolve(waiting)));
    expect(textsOf(only(answer).records)).toEqual(['0:new']);
    expect(broker.world.nowMs).toBeLessThan(400);
  });

  test('that knows too low a high watermark is told within moments (KIP-1166)', async () => {
    const broker = await leading();
    await written(broker, 'a');
    const before = broker.world.nowMs;

    const answer = await broker.ask(
      fetch,
      18,
      request({ fetchOffset: 1n, lastFetchedEpoch: 0, highWatermark: 0n, logStartOffset: 0n }, { replicaState: follower, maxWaitMs: 500 }),
    );

    expect([only(answer).highWatermark, broker.world.nowMs - before < 50]).toEqual([1n, true]);
  });

  test('whose log goes on where the leader ends is told where the two have parted', async () => {
    const broker = await leading();
    await written(broker, 'a');
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();

    const answer = await broker.ask(fetch, 18, request({ fetchOffset: 7n, lastFetchedEpoch: 0 }, { replicaState: follower }));

    expect(only(answer)).toMatchObject({ errorCode: 'NONE', divergingEpoch: { epoch: 0, endOffset: 1n } });
    expect(broker.leader().leader!.progressOf(2)!.logEndOffset).toBe(-1n);
  });

  test('is told of deletions that compaction has let go behind it (S10), as nobody else is', async () => {
    const broker = await leading();
    await written(broker, 'a');
    await written(broker, 'b');
    await written(broker, 'c');
    await broker.world.finish(broker.leader().log.compaction.forgetDeletions(2n));
    const asked = async (fetchOffset: bigint) => {
      const target = { fetchOffset, lastFetchedEpoch: fetchOffset === 0n ? -1 : 0 };
      return only(await broker.ask(fetch, 18, request(target, { replicaState: follower }))).snapshotId;
    };

    expect(await asked(1n)).toEqual({ endOffset: 2n, epoch: 1 });
    expect(await asked(2n)).toEqual({ endOffset: -1n, epoch: -1 });
    expect(only(await broker.ask(fetch, 18, request({ fetchOffset: 0n }))).snapshotId).toEqual({ endOffset: -1n, epoch: -1 });
  });

  test('that parts in a gap which compaction has left is told so', async () => {
    const broker = await withGap();
    const asked = async (fetchOffset: bigint, lastFetchedEpoch: number) =>
      only(await broker.ask(fetch, 18, request({ fetchOffset, lastFetchedEpoch }, { replicaState: follower })));

    expect(await asked(4n, 0)).toMatchObject({ divergingEpoch: { epoch: 0, endOffset: 1n }, snapshotId: { endOffset: 6n, epoch: 0 } });
    expect(await asked(9n, 1)).toMatchObject({ divergingEpoch: { epoch: 1, endOffset: 8n }, snapshotId: { endOffset: -1n, epoch: -1 } });
  });

  test.each([
    { state: { replicaId: 3, replicaEpoch: 3n }, because: 'it has no replica' },
    { state: { replicaId: 2, replicaEpoch: 1n }, because: 'it is of an incarnation that is over' },
  ])('commits nothing when $because', async ({ state }) => {
    const broker = await leading();
    await written(broker, 'a');
    await broker.ask(fetch, 18, request({}, { replicaState: follower }));

    await broker.ask(fetch, 18, request({ fetchOffset: 1n, lastFetchedEpoch: 0 }, { replicaState: state }));

    expect(broker.leader().highWatermark).toBe(0n);
  });

  test('in another leader epoch commits nothing (P11)', async () => {
    const broker = await leading();
    await written(broker, 'a');

    const answer = await broker.ask(
      fetch,
      18,
      request({ fetchOffset: 1n, lastFetchedEpoch: 0, currentLeaderEpoch: 7 }, { replicaState: follower }),
    );

    expect([only(answer).errorCode, broker.leader().highWatermark]).toEqual(['UNKNOWN_LEADER_EPOCH', 0n]);
  });
});

describe('a consumer that names its rack', () => {
  test('is sent to a replica in sync in that rack (KIP-392)', async () => {
    const broker = await leading({ properties: rackAware });
    await written(broker, 'a');
    await broker.ask(fetch, 18, request({ fetchOffset: 1n, lastFetchedEpoch: 0 }, { replicaState: follower }));

    const answer = only(await broker.ask(fetch, 18, request({}, { rackId: 'b', maxWaitMs: 500 })));

    expect([answer.preferredReadReplica, answer.records!.length, answer.errorCode]).toEqual([2, 0, 'NONE']);
  });

  test.each([
    { rack: 'c', properties: rackAware, isr: [1, 2], fetched: 1n, because: 'nobody is in that rack' },
    { rack: 'b', properties: {}, isr: [1, 2], fetched: 1n, because: 'the broker was not told to' },
    { rack: 'b', properties: rackAware, isr: [1], fetched: 1n, because: 'the replica there is not in sync' },
    { rack: 'b', properties: rackAware, isr: [1, 2], fetched: 0n, because: 'the replica there does not have what is asked for' },
  ])('reads from the leader when $because', async ({ rack, properties, isr, fetched }) => {
    const broker = await leading({ properties });
    await written(broker, 'a', 'b');
    broker.commit(partitionChanges(ordersId, { isr }));
    await broker.applied();
    await broker.ask(fetch, 18, request({ fetchOffset: fetched, lastFetchedEpoch: fetched === 0n ? -1 : 0 }, { replicaState: follower }));

    const answer = only(await broker.ask(fetch, 18, request({ fetchOffset: 1n }, { rackId: rack })));

    expect([answer.preferredReadReplica, answer.errorCode]).toEqual([-1, 'NONE']);
  });

  test('is served by the follower there; one that names none is sent to the leader', async () => {
    const broker = await TestBroker.start();
    broker.commit(registered(1, { rack: 'b' }), ...replicatedTopic('orders', ordersId, [2, 1]));
    await broker.applied();

    const near = only(await broker.ask(fetch, 18, request({}, { rackId: 'b' })));
    const beyond = only(await broker.ask(fetch, 18, request({ fetchOffset: 5n }, { rackId: 'b' })));
    const anywhere = only(await broker.ask(fetch, 18, request()));

    expect([near.errorCode, beyond.errorCode]).toEqual(['NONE', 'OFFSET_NOT_AVAILABLE']);
    expect([anywhere.errorCode, anywhere.currentLeader.leaderId]).toEqual(['NOT_LEADER_OR_FOLLOWER', 2]);
  });
});

describe('a new leader', () => {
  test('does not name the end before it knows what is committed, so that it never seems to go back (KIP-207)', async () => {
    const broker = await leading();
    await written(broker, 'a');
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();
    const ask = (version: number) =>
      broker.ask(listOffsets, version, {
        replicaId: -1,
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
      });

    const [now, old] = [await ask(11), await ask(4)];
    await broker.ask(fetch, 18, request({ fetchOffset: 1n, lastFetchedEpoch: 0 }, { replicaState: follower }));
    const later = await ask(11);

    const row = (response: ResponseOf<typeof listOffsets>) => response.topics[0]!.partitions[0]!;
    expect([row(now).errorCode, row(old).errorCode]).toEqual(['OFFSET_NOT_AVAILABLE', 'LEADER_NOT_AVAILABLE']);
    expect(row(later)).toMatchObject({ errorCode: 'NONE', offset: 1n });
  });
});

describe('OffsetForLeaderEpoch', () => {
  test.each([2, 3, 4])('in version %i names the end of the largest epoch that is not above the asked one', async (version) => {
    const broker = await TestBroker.start();
    await broker.topic('orders', ordersId);
    await broker.write(batchOf(['a', 'b']));
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();
    await broker.write(batchOf(['c']));
    const ends = [];

    for (const leaderEpoch of [0, 1, 2]) {
      const response = await broker.ask(offsetForLeaderEpoch, version, {
        ...(version >= 3 ? { replicaId: -1 } : {}),
        topics: [{ topic: 'orders', partitions: [{ partition: 0, currentLeaderEpoch: 1, leaderEpoch }] }],
      });
      const { errorCode, leaderEpoch: epoch, endOffset } = response.topics[0]!.partitions[0]!;
      ends.push([errorCode, epoch, endOffset]);
    }

    expect(ends).toEqual([
      ['NONE', 0, 2n],
      ['NONE', 1, 3n],
      ['NONE', -1, -1n],
    ]);
  });

  test.each([
    { topic: 'nope', currentLeaderEpoch: -1, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { topic: 'orders', currentLeaderEpoch: 9, expected: 'UNKNOWN_LEADER_EPOCH' },
  ])('of $topic in epoch $currentLeaderEpoch is $expected', async ({ topic, currentLeaderEpoch, expected }) => {
    const broker = await TestBroker.start();
    await broker.topic('orders', ordersId);

    const response = await broker.ask(offsetForLeaderEpoch, 4, {
      replicaId: -1,
      topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch: 0 }] }],
    });

    expect(response.topics[0]!.partitions[0]).toMatchObject({ errorCode: expected, leaderEpoch: -1, endOffset: -1n });
  });

  test('says that an epoch whose end was compacted away ends where the gap does: who has read what was there is not sent back', async () => {
    const broker = await withGap();
    const { log } = broker.leader();
    log.highWatermark = log.logEndOffset;

    const response = await broker.ask(offsetForLeaderEpoch, 4, {
      replicaId: -1,
      topics: [{ topic: 'orders', partitions: [{ partition: 0, currentLeaderEpoch: 3, leaderEpoch: 0 }] }],
    });
    const read = only(await broker.ask(fetch, 18, request({ fetchOffset: 4n, lastFetchedEpoch: 0 })));
    const beyond = only(await broker.ask(fetch, 18, request({ fetchOffset: 7n, lastFetchedEpoch: 0 })));

    expect(response.topics[0]!.partitions[0]).toMatchObject({ errorCode: 'NONE', leaderEpoch: 0, endOffset: 6n });
    expect(read).toMatchObject({ errorCode: 'NONE', divergingEpoch: { epoch: -1, endOffset: -1n } });
    expect(textsOf(read.records)).toEqual(['6:x', '7:x', '8:x']);
    expect(beyond).toMatchObject({ divergingEpoch: { epoch: 0, endOffset: 1n } });
  });
});
