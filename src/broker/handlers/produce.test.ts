import { describe, expect, test } from 'vitest';
import { newLeader, removeTopic } from '#metadata/testing.ts';
import { crc32c, type RequestInput, type ResponseOf } from '#protocol';
import { produce } from '#protocol/apis/produce.ts';
import { reading } from '#replication/testing.ts';
import { batchOf, decodeAnswer, ordersId, TestBroker, textsOf } from '../testing.ts';

const byName = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

function request(
  version: number,
  records: Buffer | null,
  options: { acks?: number; timeoutMs?: number; topicId?: string; index?: number } = {},
) {
  const { acks = -1, timeoutMs = 30_000, topicId = ordersId, index = 0 } = options;
  const topic = version >= 13 ? { topicId } : { name: 'orders' };
  return { acks, timeoutMs, topicData: [{ ...topic, partitionData: [{ index, records }] }] } satisfies RequestInput<typeof produce>;
}

function only(response: ResponseOf<typeof produce>) {
  return response.responses[0]!.partitionResponses[0]!;
}

async function withOrders(leaders: readonly number[] = [1]): Promise<TestBroker> {
  const broker = await TestBroker.start();
  await broker.topic('orders', ordersId, leaders);
  return broker;
}

async function content(broker: TestBroker): Promise<string[]> {
  return textsOf((await broker.done(broker.leader().read(reading(0n)))).records);
}

describe('a batch', () => {
  test.each([...byName, 13])('in version %i is appended, and its first offset comes back', async (version) => {
    const broker = await withOrders();
    await broker.write(batchOf(['before']));

    const answer = only(await broker.ask(produce, version, request(version, batchOf(['a', 'b']))));

    expect(answer).toMatchObject({ errorCode: 'NONE', baseOffset: 1n, logAppendTimeMs: -1n, errorMessage: null });
    expect(answer.logStartOffset).toBe(version < 5 ? -1n : 0n);
    expect(await content(broker)).toEqual(['0:before', '1:a', '2:b']);
    expect(broker.lines).toEqual([]);
  });

  test.each([
    { acks: -1, durable: true },
    { acks: 1, durable: false },
  ])('with acks=$acks is answered when it is durable: $durable', async ({ acks, durable }) => {
    const broker = await withOrders();

    const answer = broker.dispatch(produce, 9, request(9, batchOf(['a']), { acks }));

    expect(answer instanceof Promise).toBe(durable);
    const settled = await broker.done(Promise.resolve(answer));
    expect(only(decodeAnswer(produce, 9, settled)).errorCode).toBe('NONE');
    if (durable) expect(broker.leader().log.flushedOffset).toBe(1n);
  });

  test('with acks=0 has no answer at all', async () => {
    const broker = await withOrders();

    expect(broker.dispatch(produce, 9, request(9, batchOf(['a']), { acks: 0 }))).toBeNull();
    await broker.pass(100);

    expect(await content(broker)).toEqual(['0:a']);
  });

  test('with acks=0 that fails closes the connection', async () => {
    const broker = await withOrders([2]);

    expect(broker.dispatch(produce, 9, request(9, batchOf(['a']), { acks: 0 }))).toBe('close');
    expect(broker.dispatch(produce, 9, request(9, null, { acks: 0 }))).toBe('close');
  });

  test.each([2, -2, 32767])('with acks=%i is refused, and nothing is appended', async (acks) => {
    const broker = await withOrders();

    expect(only(await broker.ask(produce, 9, request(9, batchOf(['a']), { acks }))).errorCode).toBe('INVALID_REQUIRED_ACKS');
    expect(broker.leader().log.logEndOffset).toBe(0n);
  });

  test('in a topic with LogAppendTime has the time of its arrival in the answer', async () => {
    const broker = await withOrders();
    broker.leader().log.updateConfig({ ...broker.leader().log.config, messageTimestampType: 'LogAppendTime' });

    const { logAppendTimeMs } = only(await broker.ask(produce, 9, request(9, batchOf(['a'], { timestamp: 5 }))));

    expect(logAppendTimeMs > 1_700_000_000_000n).toBe(true);
  });
});

describe('what is refused', () => {
  const flipped = (at: number) => {
    const batch = batchOf(['a', 'b']);
    batch[at]! ^= 1;
    return batch;
  };
  const count = batchOf(['a', 'b']);
  count.writeInt32BE(5, 57);
  count.writeUInt32BE(crc32c(count, 21), 17);
  test.each([
    { what: 'no records', records: null, expected: 'INVALID_RECORD' },
    { what: 'empty records', records: Buffer.alloc(0), expected: 'INVALID_RECORD' },
    { what: 'two batches', records: Buffer.concat([batchOf(['a']), batchOf(['b'])]), expected: 'INVALID_RECORD' },
    { what: 'a flipped bit in a record', records: flipped(70), expected: 'CORRUPT_MESSAGE' },
    { what: 'a wrong checksum', records: flipped(18), expected: 'CORRUPT_MESSAGE' },
    { what: 'half a batch', records: batchOf(['a']).subarray(0, 65), expected: 'CORRUPT_MESSAGE' },
    { what: 'half a header', records: batchOf(['a']).subarray(0, 30), expected: 'CORRUPT_MESSAGE' },
    { what: 'an old format', records: Object.assign(batchOf(['a']), { 16: 1 }), expected: 'INVALID_RECORD' },
    { what: 'a control batch', records: batchOf(['a'], { isControl: true }), expected: 'INVALID_RECORD' },
    { what: 'a wrong count', records: count, expected: 'INVALID_RECORD' },
    {
      what: 'a negative sequence',
      records: batchOf(['a'], { producerId: 1n, producerEpoch: 0, baseSequence: -1 }),
      expected: 'INVALID_RECORD',
    },
    {
      what: 'a transaction without a transactional id',
      records: batchOf(['a'], { producerId: 1n, producerEpoch: 0, baseSequence: 0, isTransactional: true }),
      expected: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    },
    { what: 'a batch above max.message.bytes', records: batchOf(['a'.repeat(2_000_000)]), expected: 'MESSAGE_TOO_LARGE' },
    { what: 'a time far ahead', records: batchOf(['a'], { timestamp: Date.UTC(2030, 0, 1) }), expected: 'INVALID_TIMESTAMP' },
  ])('$what: $expected, for that partition, and nothing is appended (P16)', async ({ records, expected }) => {
    const broker = await withOrders();

    const answer = only(await broker.ask(produce, 9, request(9, records)));

    expect(answer).toMatchObject({ errorCode: expected, baseOffset: -1n });
    expect(answer.errorMessage).not.toBeNull();
    expect(broker.leader().log.logEndOffset).toBe(0n);
  });

  test('records without a key where the topic is compacted: INVALID_RECORD, and which they are', async () => {
    const broker = await withOrders();
    const { log } = broker.leader();
    log.updateConfig({ ...log.config, cleanupPolicy: ['compact'] });
    const records = [{ key: 'a', value: '1' }, { value: '2' }, { key: 'b', value: null }, { value: '3' }];

    const answer = only(await broker.ask(produce, 9, request(9, batchOf([], { records }))));

    expect(answer).toMatchObject({ errorCode: 'INVALID_RECORD', baseOffset: -1n });
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 3]);
    expect(answer.recordErrors[0]!.batchIndexErrorMessage).toContain('without a key');
    expect(log.logEndOffset).toBe(0n);
  });

  test.each([
    { version: 6, expected: 'UNSUPPORTED_COMPRESSION_TYPE' },
    { version: 7, expected: 'NONE' },
  ])('zstd in version $version: $expected', async ({ version, expected }) => {
    const broker = await withOrders();

    const answer = only(await broker.ask(produce, version, request(version, batchOf(['a'.repeat(100)], { compression: 'zstd' }))));

    expect(answer.errorCode).toBe(expected);
  });

  test('one partition does not stop the others', async () => {
    const broker = await withOrders([1, 2, 1]);
    const data = [0, 1, 2, 3].map((index) => ({ index, records: batchOf(['a']) }));

    const { responses } = await broker.ask(produce, 9, { acks: -1, timeoutMs: 1000, topicData: [{ name: 'orders', partitionData: data }] });

    expect(responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)).toEqual([
      'NONE',
      'NOT_LEADER_OR_FOLLOWER',
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
  });

  test.each([
    { version: 12, topic: { name: 'nobody' }, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { version: 12, topic: { name: '' }, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { version: 12, topic: { name: '__proto__' }, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { version: 13, topic: { topicId: 'bm9ib2R5LW5vYm9keS1ubw' }, expected: 'UNKNOWN_TOPIC_ID' },
    { version: 13, topic: {}, expected: 'UNKNOWN_TOPIC_ID' },
  ])('an unknown topic in version $version: $expected', async ({ version, topic, expected }) => {
    const broker = await withOrders();
    const topicData = [{ ...topic, partitionData: [{ index: 0, records: batchOf(['a']) }] }];

    expect(only(await broker.ask(produce, version, { acks: -1, timeoutMs: 1000, topicData })).errorCode).toBe(expected);
  });

  test('the old id of a topic that was made again: UNKNOWN_TOPIC_ID (M3)', async () => {
    const broker = await withOrders();
    broker.commit(removeTopic(ordersId));
    await broker.topic('orders', 'b3JkZXJzLWFnYWluLW9yZA');

    expect(only(await broker.ask(produce, 13, request(13, batchOf(['a'])))).errorCode).toBe('UNKNOWN_TOPIC_ID');
  });
});

describe('an idempotent producer', () => {
  const batch = (sequence: number, epoch = 0) =>
    batchOf([`sequence ${sequence}`], { producerId: 9n, producerEpoch: epoch, baseSequence: sequence });

  test('that repeats a batch gets its first offset, and no sooner than the batch is durable (I3)', async () => {
    const broker = await withOrders();

    const first = broker.dispatch(produce, 9, request(9, batch(0)));
    const again = broker.dispatch(produce, 9, request(9, batch(0)));

    expect([first instanceof Promise, again instanceof Promise]).toEqual([true, true]);
    const answers = await broker.done(Promise.all([first, again]));
    expect(answers.map((answer) => only(decodeAnswer(produce, 9, answer)).baseOffset)).toEqual([0n, 0n]);
    expect(await content(broker)).toEqual(['0:sequence 0']);
  });

  test.each([
    { next: batch(2), expected: 'OUT_OF_ORDER_SEQUENCE_NUMBER', because: 'a batch is missing (I1)' },
    { next: batch(1, 1), expected: 'OUT_OF_ORDER_SEQUENCE_NUMBER', because: 'an epoch begins with sequence 0' },
    { next: batch(0, 1), expected: 'NONE', because: 'so it does' },
  ])('is answered $expected: $because', async ({ next, expected }) => {
    const broker = await withOrders();
    await broker.ask(produce, 9, request(9, batch(0)));

    expect(only(await broker.ask(produce, 9, request(9, next))).errorCode).toBe(expected);
  });

  test('of an earlier epoch is fenced (I4)', async () => {
    const broker = await withOrders();
    await broker.ask(produce, 9, request(9, batch(0, 1)));

    expect(only(await broker.ask(produce, 9, request(9, batch(0)))).errorCode).toBe('INVALID_PRODUCER_EPOCH');
  });
});

describe('a wrong broker', () => {
  test.each([9, 10, 13])('in version %i names the right one, from version 10 on (KIP-951)', async (version) => {
    const broker = await withOrders([2]);

    const response = await broker.ask(produce, version, request(version, batchOf(['a'])));

    const knows = version >= 10;
    expect(only(response).errorCode).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(only(response).currentLeader).toEqual(knows ? { leaderId: 2, leaderEpoch: 0 } : { leaderId: -1, leaderEpoch: -1 });
    expect(response.nodeEndpoints).toEqual(knows ? [{ nodeId: 2, host: 'localhost', port: 8081, rack: 'b' }] : []);
  });

  test('names nobody while nobody leads', async () => {
    const broker = await withOrders([-1]);

    const response = await broker.ask(produce, 13, request(13, batchOf(['a'])));

    expect([only(response).errorCode, response.nodeEndpoints]).toEqual(['NOT_LEADER_OR_FOLLOWER', []]);
  });
});

describe('a producer that waits', () => {
  test('is told when its time is over', async () => {
    const broker = await withOrders();
    broker.disk.setSlowness(100_000);

    const { errorCode } = only(await broker.ask(produce, 9, request(9, batchOf(['slow']), { timeoutMs: 1000 })));

    expect(errorCode).toBe('REQUEST_TIMED_OUT');
  });

  test('is told at once, with the new leader, when the leadership is lost', async () => {
    const broker = await withOrders();
    broker.disk.setSlowness(100_000);
    const waiting = broker.dispatch(produce, 13, request(13, batchOf(['whose?'])));

    broker.commit(newLeader(ordersId, 0, 2));
    const response = decodeAnswer(produce, 13, await waiting);

    // The offset says that it was appended before the leadership went.
    expect(only(response)).toMatchObject({
      errorCode: 'NOT_LEADER_OR_FOLLOWER',
      baseOffset: 0n,
      currentLeader: { leaderId: 2, leaderEpoch: 1 },
    });
  });

  test('gets no acknowledgement from a disk that fails (S5)', async () => {
    const broker = await withOrders();
    broker.disk.failNext('sync', 'EIO', { path: 'orders-0' });

    expect(only(await broker.ask(produce, 9, request(9, batchOf(['lost?'])))).errorCode).toBe('KAFKA_STORAGE_ERROR');
    expect(only(await broker.ask(produce, 9, request(9, batchOf(['more'])))).errorCode).toBe('KAFKA_STORAGE_ERROR');
  });
});
