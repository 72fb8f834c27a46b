import { describe, expect, test } from 'vitest';
import { newLeader } from '#metadata/testing.ts';
import type { RequestInput, ResponseOf } from '#protocol';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { batchOf, decodeAnswer, ordersId, startMs, TestBroker } from '../testing.ts';

const versions = Array.from({ length: 11 }, (_, i) => 1 + i);
const latest = -1n;
const earliest = -2n;

function request(
  version: number,
  timestamp: bigint,
  changes: { currentLeaderEpoch?: number; isolationLevel?: number; partition?: number } = {},
) {
  const { isolationLevel, partition = 0, currentLeaderEpoch } = changes;
  const asked = { partitionIndex: partition, timestamp, ...(currentLeaderEpoch === undefined ? {} : { currentLeaderEpoch }) };
  return {
    replicaId: -1,
    ...(version >= 2 && isolationLevel !== undefined ? { isolationLevel } : {}),
    topics: [{ name: 'orders', partitions: [asked] }],
  } satisfies RequestInput<typeof listOffsets>;
}

function only(response: ResponseOf<typeof listOffsets>) {
  const { errorCode, offset, timestamp, leaderEpoch } = response.topics[0]!.partitions[0]!;
  return { errorCode, offset, timestamp, leaderEpoch };
}

/** Offsets 0 to 4: times 0, 10 (one batch), 30, 20 (one batch) and 25 after the start. */
async function withOrders(): Promise<TestBroker> {
  const broker = await TestBroker.start();
  await broker.topic('orders', ordersId);
  const record = (value: string, afterMs: number) => ({ value, timestamp: startMs + afterMs });
  await broker.write(
    batchOf([], { records: [record('a', 0), record('b', 10)] }),
    batchOf([], { records: [record('c', 30), record('d', 20)] }),
    batchOf([], { records: [record('e', 25)] }),
  );
  return broker;
}

describe('ListOffsets', () => {
  test.each(versions)('version %i knows the end, the start, and a time', async (version) => {
    const broker = await withOrders();
    await broker.done(broker.leader().deleteRecordsBefore(1n, 1000));
    const leaderEpoch = version >= 4 ? 0 : -1;

    const answers = [];
    for (const timestamp of [latest, earliest, BigInt(startMs + 15)])
      answers.push(only(await broker.ask(listOffsets, version, request(version, timestamp))));

    const expected = { errorCode: 'NONE', timestamp: -1n, leaderEpoch };
    expect(answers[0]).toEqual({ ...expected, offset: 5n });
    expect(answers[1]).toEqual({ ...expected, offset: 1n });
    expect(answers[2]).toEqual({ ...expected, offset: 2n, timestamp: BigInt(startMs + 30) });
    expect(broker.lines).toEqual([]);
  });

  test.each([
    { afterMs: -5, offset: 0n, time: 0 },
    { afterMs: 0, offset: 0n, time: 0 },
    { afterMs: 1, offset: 1n, time: 10 },
    { afterMs: 11, offset: 2n, time: 30 },
    { afterMs: 30, offset: 2n, time: 30 },
  ])('the first record that is not earlier than $afterMs ms is $offset, inside its batch', async ({ afterMs, offset, time }) => {
    const broker = await withOrders();

    const answer = only(await broker.ask(listOffsets, 11, request(11, BigInt(startMs + afterMs))));

    expect(answer).toMatchObject({ errorCode: 'NONE', offset, timestamp: BigInt(startMs + time) });
  });

  test('a time after all records has none', async () => {
    const broker = await withOrders();

    expect(only(await broker.ask(listOffsets, 11, request(11, BigInt(startMs + 31))))).toEqual({
      errorCode: 'NONE',
      offset: -1n,
      timestamp: -1n,
      leaderEpoch: -1,
    });
  });

  test.each([
    { timestamp: -3n, since: 7, offset: 2n, what: 'the greatest timestamp' },
    { timestamp: -4n, since: 8, offset: 0n, what: 'the earliest offset on this disk' },
    { timestamp: -5n, since: 9, offset: -1n, what: 'the latest in remote storage: none' },
    { timestamp: -6n, since: 11, offset: -1n, what: 'the next for remote storage: none' },
    { timestamp: -7n, since: 99, offset: -1n, what: 'nothing' },
  ])('$timestamp is $what, from version $since on', async ({ timestamp, since, offset }) => {
    const broker = await withOrders();

    for (const version of versions) {
      const answer = only(await broker.ask(listOffsets, version, request(version, timestamp)));
      expect(answer).toMatchObject(version >= since ? { errorCode: 'NONE', offset } : { errorCode: 'UNSUPPORTED_VERSION', offset: -1n });
    }
  });

  test('what is not committed does not exist yet, neither its offset nor its time (P10)', async () => {
    const broker = await withOrders();
    broker.leader().append(batchOf(['later'], { timestamp: startMs + 1000 }), 1, 1000);

    const answers = [latest, -3n, BigInt(startMs + 900)].map((timestamp) => broker.dispatch(listOffsets, 11, request(11, timestamp)));
    const highWatermark = broker.leader().highWatermark;
    const found = (await broker.done(Promise.all(answers))).map((answer) => only(decodeAnswer(listOffsets, 11, answer)));

    expect(highWatermark).toBe(5n);
    expect(found.map(({ offset }) => offset)).toEqual([5n, -1n, -1n]);
  });

  test('committed records only: the end is before the first open transaction', async () => {
    const broker = await withOrders();
    await broker.write(batchOf(['open'], { isTransactional: true, producerId: 3n, producerEpoch: 0, baseSequence: 0 }));

    expect(only(await broker.ask(listOffsets, 11, request(11, latest, { isolationLevel: 1 }))).offset).toBe(5n);
    expect(only(await broker.ask(listOffsets, 11, request(11, latest, { isolationLevel: 0 }))).offset).toBe(6n);
  });

  test('an empty log begins and ends at 0, and has no times', async () => {
    const broker = await TestBroker.start();
    await broker.topic('orders', ordersId);

    const offsets = [];
    for (const timestamp of [latest, earliest, -3n, 0n])
      offsets.push(only(await broker.ask(listOffsets, 11, request(11, timestamp))).offset);

    expect(offsets).toEqual([0n, 0n, -1n, -1n]);
  });

  test.each([
    { changes: { currentLeaderEpoch: 0 }, expected: 'FENCED_LEADER_EPOCH' },
    { changes: { currentLeaderEpoch: 2 }, expected: 'UNKNOWN_LEADER_EPOCH' },
    { changes: { partition: 1 }, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
  ])('$changes is answered $expected', async ({ changes, expected }) => {
    const broker = await withOrders();
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();

    expect(only(await broker.ask(listOffsets, 11, request(11, latest, changes)))).toEqual({
      errorCode: expected,
      offset: -1n,
      timestamp: -1n,
      leaderEpoch: -1,
    });
  });
});
