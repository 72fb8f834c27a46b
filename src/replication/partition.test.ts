import { describe, expect, test } from 'vitest';
import { buildEndTransactionMarker, KafkaError } from '#protocol';
import type { Partition } from './partition.ts';
import { alone, batchOf, Host, nodeId, Observed, reading, textsOf } from './testing.ts';

const all = -1;
const minuteMs = 60_000;

describe('a leader', () => {
  test('acknowledges acks=all only when the records are on disk (P1)', async () => {
    const host = await Host.start();
    const partition = await host.leader();

    const { info, committed } = partition.append(batchOf(['paid', 'sent']), all, minuteMs);
    const waiting = new Observed(committed);
    await Promise.resolve();

    expect([info.firstOffset, info.lastOffset, waiting.state, partition.log.flushedOffset]).toEqual([0n, 1n, 'waiting', 0n]);
    await host.done(committed!);
    expect(partition.log.flushedOffset).toBe(2n);
    expect(partition.highWatermark).toBe(2n);
  });

  test('shows a reader nothing at or beyond the high watermark (P10), which never falls (P3)', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    await host.done(partition.append(batchOf(['first']), all, minuteMs).committed!);
    let last = partition.highWatermark;

    for (let i = 0; i < 20; i++) {
      const { committed } = partition.append(batchOf([`number ${i}`]), all, minuteMs);
      const read = await host.done(partition.read(reading(0n)));
      const offsets = textsOf(read.records).map((text) => BigInt(text.split(':')[0]!));
      expect(offsets.every((offset) => offset < read.highWatermark)).toBe(true);
      expect(read.highWatermark >= last).toBe(true);
      expect(read.highWatermark <= partition.log.flushedOffset).toBe(true);
      last = read.highWatermark;
      if (i % 3 === 0) await host.done(committed!);
    }
  });

  test('many appends of one moment share a sync and are acknowledged together, in order', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    const order: number[] = [];

    const appended = Array.from({ length: 50 }, (_, i) => partition.append(batchOf([`${i}`]), all, minuteMs));
    const committed = appended.map(({ committed }, i) => committed!.then(() => order.push(i)));
    await host.done(Promise.all(committed));

    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(appended.map(({ info }) => info.firstOffset)).toEqual(order.map(BigInt));
  });

  test('acknowledges nothing when the sync fails, and closes (S5)', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    let woken = 0;
    partition.watch(() => woken++);

    host.disk.failNext('sync', 'EIO', { path: '.log' });
    const waiting = new Observed(partition.append(batchOf(['lost?']), all, minuteMs).committed);
    await host.pass(100);

    expect(waiting.errorName).toBe('KAFKA_STORAGE_ERROR');
    expect(partition.highWatermark).toBe(0n);
    expect(woken).toBeGreaterThan(0);
    expect(() => partition.append(batchOf(['more']), all, minuteMs)).toThrow(
      expect.objectContaining({ errorName: 'NOT_LEADER_OR_FOLLOWER' }),
    );
  });

  test('tells a producer whose time is over that the outcome is unknown', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    host.disk.setSlowness(100_000);

    const waiting = new Observed(partition.append(batchOf(['slow']), all, 500).committed);
    await host.pass(400);
    partition.tick();
    await host.pass(1);
    expect(waiting.state).toBe('waiting');
    await host.pass(200);
    partition.tick();
    await host.pass(1);

    expect(waiting.errorName).toBe('REQUEST_TIMED_OUT');
    expect(partition.hasWaiters).toBe(false);
  });

  test('a duplicate of a batch that is not yet on disk waits for it, with the first offset (I3)', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    const batch = () => batchOf(['once'], { producerId: 7n, producerEpoch: 0, baseSequence: 0 });

    const first = partition.append(batch(), all, minuteMs);
    const second = partition.append(batch(), all, minuteMs);
    const waiting = new Observed(second.committed);

    expect([second.info.firstOffset, second.info.duplicate, partition.log.logEndOffset]).toEqual([first.info.firstOffset, true, 1n]);
    await Promise.resolve();
    expect(waiting.state).toBe('waiting');
    await host.done(second.committed!);
    expect(partition.append(batch(), all, minuteMs).committed).toBeUndefined();
  });

  test('acks=1 does not wait, and its records are shown when they are on disk', async () => {
    const host = await Host.start();
    const partition = await host.leader();

    expect(partition.append(batchOf(['quick']), 1, minuteMs).committed).toBeUndefined();
    expect(partition.highWatermark).toBe(0n);
    await host.pass(100);

    expect(partition.highWatermark).toBe(1n);
  });

  test('an offset that the log has and that is not committed reads nothing; beyond the end it is out of range', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    partition.append(batchOf(['quick']), 1, minuteMs);

    expect((await host.done(partition.read(reading(1n)))).records).toHaveLength(0);
    await expect(host.done(partition.read(reading(2n)))).rejects.toMatchObject({ errorName: 'OFFSET_OUT_OF_RANGE' });
  });

  test('a full disk refuses the append with a retriable error, and there is nothing to clean up when room was made (S6)', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    host.disk.setCapacity(1);

    expect(() => partition.append(batchOf(['no room']), all, minuteMs)).toThrow(
      expect.objectContaining({ errorName: 'KAFKA_STORAGE_ERROR' }),
    );
    host.disk.setCapacity(undefined);
    await host.done(partition.append(batchOf(['room']), all, minuteMs).committed!);

    expect(textsOf((await host.done(partition.read(reading(0n)))).records)).toEqual(['0:room']);
  });
});

describe('a leadership', () => {
  test('shows what recovery found in the page cache only when a power cut cannot take it any more', async () => {
    const host = await Host.start();
    const before = await host.leader();
    before.append(batchOf(['in the page cache']), 1, minuteMs);
    host.world.node('broker').kill();
    await host.openDirectory();
    const log = host.directory.partition('orders', 0)!;
    const after = host.partitionOver(log);
    await host.done(after.becomeLeader(alone(2)));
    const shown = textsOf((await host.done(after.read(reading(0n)))).records);

    host.world.node('broker').cutPower('strict');
    await host.openDirectory();

    expect(shown).toEqual(['0:in the page cache']);
    expect(host.directory.partition('orders', 0)!.logEndOffset).toBe(1n);
  });

  test('that is lost fails the producers that wait, and wakes the readers', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    let woken = 0;
    partition.watch(() => woken++);
    const waiting = new Observed(partition.append(batchOf(['whose?']), all, minuteMs).committed);

    partition.resign();
    await Promise.resolve();

    expect([waiting.errorName, woken, partition.leaderEpoch]).toEqual(['NOT_LEADER_OR_FOLLOWER', 1, undefined]);
  });

  test('that is lost while it was still beginning does not begin (P11)', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    partition.append(batchOf(['not flushed']), 1, minuteMs);
    partition.resign();

    const beginning = partition.becomeLeader(alone(2));
    partition.resign();
    await host.done(beginning);

    expect(partition.leaderEpoch).toBeUndefined();
  });

  test('that goes on in a later epoch stamps it at once and keeps its waiting producers', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    const waiting = partition.append(batchOf(['before']), all, minuteMs).committed!;

    void partition.becomeLeader(alone(2));
    partition.append(batchOf(['after']), 1, minuteMs);
    await host.done(waiting);

    expect(partition.log.epochEntries).toEqual([
      { epoch: 1, startOffset: 0n },
      { epoch: 2, startOffset: 1n },
    ]);
  });

  test.each([
    { given: -1, expected: undefined },
    { given: 1, expected: undefined },
    { given: 0, expected: 'FENCED_LEADER_EPOCH' },
    { given: 2, expected: 'UNKNOWN_LEADER_EPOCH' },
  ])('in epoch 1 answers a request in epoch $given with $expected', async ({ given, expected }) => {
    const host = await Host.start();
    const partition = await host.leader();

    expect(errorOf(() => partition.checkLeader(given))).toBe(expected);
  });

  test('rebooted-follower-stale-fetch: counts no fetch of an incarnation that is over (KAFKA-15221)', async () => {
    const host = await Host.start();
    const partition = host.partitionOver((await host.replica()).log);
    await host.done(partition.becomeLeader({ leaderEpoch: 1, replicas: [nodeId, 2], isr: [nodeId], partitionEpoch: 1 }));
    await host.done(partition.append(batchOf(['before the reboot']), all, minuteMs).committed!);
    const fetch = { replicaId: 2, currentLeaderEpoch: 1, lastFetchedEpoch: -1, logStartOffset: 0n };
    partition.followerFetched({ ...fetch, brokerEpoch: 8n, fetchOffset: 0n });

    const late = errorOf(() => partition.followerFetched({ ...fetch, brokerEpoch: 7n, fetchOffset: 1n, lastFetchedEpoch: 1 }));

    expect([late, partition.leader!.progressOf(2)!.logEndOffset, partition.leader!.proposal]).toEqual([
      'NOT_LEADER_OR_FOLLOWER',
      0n,
      undefined,
    ]);
  });

  test('of a closed partition is over: a second close does not change why', async () => {
    const host = await Host.start();
    const partition = await host.leader();
    const waiting = new Observed(partition.append(batchOf(['gone']), all, minuteMs).committed);

    partition.close(new KafkaError('UNKNOWN_TOPIC_OR_PARTITION'));
    partition.close(new KafkaError('KAFKA_STORAGE_ERROR'));
    await Promise.resolve();
    await host.done(partition.becomeLeader(alone(5)));

    expect(waiting.errorName).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(partition.leaderEpoch).toBeUndefined();
  });
});

describe('reading', () => {
  test('gives the first batch whole beyond the limit only where that is asked for', async () => {
    const host = await Host.start();
    const partition = await written(host, [batchOf(['a long text '.repeat(50)])]);

    const whole = await host.done(partition.read({ ...reading(0n), maxBytes: 10 }));
    const none = await host.done(partition.read({ ...reading(0n, 'read_uncommitted'), maxBytes: 10, atLeastOne: false }));

    expect([whole.records.length > 10, none.records.length]).toEqual([true, 0]);
  });

  test('committed records only: names the aborted transactions of what it gives, and stops before an open one', async () => {
    const host = await Host.start();
    const transactional = (producerId: bigint) => ({ isTransactional: true, producerId, producerEpoch: 0, baseSequence: 0 });
    const partition = await written(host, [batchOf(['aborted'], transactional(5n)), batchOf(['plain'])]);
    partition.log.append(abortMarker(5n), { leaderEpoch: 1, origin: 'coordinator' });
    await host.done(partition.append(batchOf(['open'], transactional(6n)), all, minuteMs).committed!);

    const read = await host.done(partition.read(reading(0n, 'read_committed')));

    expect(read.abortedTransactions).toEqual([{ producerId: 5n, firstOffset: 0n }]);
    expect([read.highWatermark, read.lastStableOffset]).toEqual([4n, 3n]);
    expect((await host.done(partition.read(reading(3n, 'read_committed')))).abortedTransactions).toEqual([]);
    expect((await host.done(partition.read(reading(0n)))).abortedTransactions).toBeNull();
  });
});

describe('DeleteRecords', () => {
  test('moves the log start up to the high watermark, for -1 all the way', async () => {
    const host = await Host.start();
    const partition = await written(host, [batchOf(['a']), batchOf(['b']), batchOf(['c'])]);

    expect(await host.done(partition.deleteRecordsBefore(1n, 1000))).toBe(1n);
    expect(await host.done(partition.deleteRecordsBefore(0n, 1000))).toBe(1n);
    expect(await host.done(partition.deleteRecordsBefore(-1n, 1000))).toBe(3n);
  });

  test.each([
    { offset: 4n, because: 'it lies above the high watermark' },
    { offset: -2n, because: 'it is no offset' },
  ])('refuses $offset: $because', async ({ offset }) => {
    const host = await Host.start();
    const partition = await written(host, [batchOf(['a', 'b', 'c'])]);

    await expect(host.done(partition.deleteRecordsBefore(offset, 1000))).rejects.toMatchObject({ errorName: 'OFFSET_OUT_OF_RANGE' });
  });

  test('refuses a topic that only compaction may shorten', async () => {
    const host = await Host.start();
    const partition = await host.leader({ cleanupPolicy: ['compact'] });

    await expect(host.done(partition.deleteRecordsBefore(-1n, 1000))).rejects.toMatchObject({ errorName: 'POLICY_VIOLATION' });
  });
});

async function written(host: Host, batches: readonly Buffer[]): Promise<Partition> {
  const partition = await host.leader();
  for (const batch of batches) await host.done(partition.append(batch, all, minuteMs).committed!);
  return partition;
}

function abortMarker(producerId: bigint): Buffer {
  return buildEndTransactionMarker({ type: 'ABORT', coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: Date.UTC(2026, 0, 1) });
}

function errorOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as KafkaError).errorName;
  }
}
