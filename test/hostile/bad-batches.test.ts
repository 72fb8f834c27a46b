import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildControlBatch, buildRecordBatch, crc32c, type RecordBatchInput } from '#protocol';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';

let cluster: BrokerProcesses;
let client: KafkaClient;
let topics = 0;

beforeAll(async () => {
  cluster = await BrokerProcesses.start(1);
  client = new KafkaClient(cluster.bootstrap);
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
});

async function freshTopic(configs: Record<string, string> = {}): Promise<string> {
  const name = `topic-${topics++}`;
  expect(await client.createTopic(name, 1, configs)).toBe('NONE');
  return name;
}

/** Where the parts of a batch's header lie. */
const at = { batchLength: 8, magic: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, recordCount: 57 };

function batch(input: Partial<RecordBatchInput> = {}): Buffer {
  return buildRecordBatch({ records: [{ value: 'one' }, { value: 'two' }], timestamp: Date.now(), ...input });
}

/** The same with a change, and with the checksum that belongs to it. */
function changed(original: Buffer, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(original);
  change(bytes);
  bytes.writeUInt32BE(crc32c(bytes.subarray(at.attributes)), at.crc);
  return bytes;
}

const flipped = (original: Buffer) => {
  const bytes = Buffer.from(original);
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
};
const producer = (producerId: bigint, baseSequence: number) => ({ producerId, producerEpoch: 0, baseSequence });

test.each([
  { what: 'a wrong checksum', records: () => flipped(batch()), error: ['CORRUPT_MESSAGE'] },
  {
    what: 'an unknown codec',
    records: () => changed(batch(), (bytes) => bytes.writeInt16BE(7, at.attributes)),
    error: ['CORRUPT_MESSAGE', 'INVALID_RECORD', 'UNSUPPORTED_COMPRESSION_TYPE'],
  },
  {
    what: 'more records than it says',
    records: () => changed(batch(), (bytes) => bytes.writeInt32BE(1, at.recordCount)),
    error: ['INVALID_RECORD', 'CORRUPT_MESSAGE'],
  },
  {
    what: 'a count of 2^31-1',
    records: () => changed(batch(), (bytes) => bytes.writeInt32BE(0x7fffffff, at.recordCount)),
    error: ['INVALID_RECORD', 'CORRUPT_MESSAGE'],
  },
  {
    what: 'a negative count',
    records: () => changed(batch(), (bytes) => bytes.writeInt32BE(-1, at.recordCount)),
    error: ['INVALID_RECORD', 'CORRUPT_MESSAGE'],
  },
  { what: 'no records', records: () => batch({ records: [], lastOffsetDelta: 0 }), error: ['INVALID_RECORD'] },
  {
    what: 'a last offset that does not fit its count',
    records: () => changed(batch(), (bytes) => bytes.writeInt32BE(9, at.lastOffsetDelta)),
    error: ['INVALID_RECORD', 'CORRUPT_MESSAGE'],
  },
  {
    what: 'an old message format',
    records: () => changed(batch(), (bytes) => bytes.writeInt8(1, at.magic)),
    error: ['CORRUPT_MESSAGE', 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'INVALID_RECORD'],
  },
  {
    what: 'a length beyond its end',
    records: () => changed(batch(), (bytes) => bytes.writeInt32BE(10_000, at.batchLength)),
    error: ['CORRUPT_MESSAGE', 'INVALID_RECORD'],
  },
  {
    what: 'a negative length',
    records: () => changed(batch(), (bytes) => bytes.writeInt32BE(-10, at.batchLength)),
    error: ['CORRUPT_MESSAGE', 'INVALID_RECORD'],
  },
  { what: 'its second half missing', records: () => batch().subarray(0, 70), error: ['CORRUPT_MESSAGE', 'INVALID_RECORD'] },
  { what: 'another batch behind it', records: () => Buffer.concat([batch(), batch()]), error: ['INVALID_RECORD'] },
  { what: 'noise behind it', records: () => Buffer.concat([batch(), Buffer.from('noise')]), error: ['INVALID_RECORD', 'CORRUPT_MESSAGE'] },
  { what: 'nothing in it', records: () => Buffer.alloc(0), error: ['INVALID_RECORD', 'CORRUPT_MESSAGE'] },
  {
    what: 'control records, which only brokers write',
    records: () => buildControlBatch({ records: [{ type: 'commit', value: Buffer.alloc(6) }] } as never),
    error: ['INVALID_RECORD'],
  },
  {
    what: 'more bytes than the topic takes',
    records: () => batch({ records: [{ value: Buffer.alloc(1_100_000) }] }),
    error: ['MESSAGE_TOO_LARGE'],
  },
  {
    what: 'a transaction without a transactional id',
    records: () => batch({ isTransactional: true, ...producer(1n, 0) }),
    error: [
      'INVALID_TXN_STATE',
      'INVALID_RECORD',
      'INVALID_REQUEST',
      'INVALID_PRODUCER_ID_MAPPING',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
  },
])('a batch with $what is refused, and nothing is written', async ({ records, error }) => {
  const topic = await freshTopic();
  await client.produce(topic, 0, batch());

  const answer = await client.produce(topic, 0, records());

  expect(error).toContain(answer.errorCode);
  expect((await client.fetch(topic, 0, 0n)).map(({ value }) => value?.toString())).toEqual(['one', 'two']);
  expect((await client.produce(topic, 0, batch())).baseOffset).toBe(2n);
});

test('a small batch that unpacks to gigabytes is refused where it has to be unpacked, and the broker lives', async () => {
  const topic = await freshTopic({ 'compression.type': 'lz4', 'max.message.bytes': '2000000' });
  const bomb = buildRecordBatch({ records: [{ value: Buffer.alloc(400 * 1024 * 1024) }], compression: 'zstd', timestamp: Date.now() });

  const { errorCode } = await client.produce(topic, 0, bomb);

  expect(['MESSAGE_TOO_LARGE', 'CORRUPT_MESSAGE', 'INVALID_RECORD', 'RECORD_LIST_TOO_LARGE']).toContain(errorCode);
  expect((await client.produce(topic, 0, batch())).baseOffset).toBe(0n);
});

test('sequences: a repeated batch is known again, a gap is refused, and so is an epoch that is over', async () => {
  const topic = await freshTopic();
  const { producerId } = await client.initProducerId();
  const first = () => batch(producer(producerId, 0));

  expect(await client.produce(topic, 0, first())).toMatchObject({ errorCode: 'NONE', baseOffset: 0n });
  expect(await client.produce(topic, 0, first())).toMatchObject({ errorCode: 'NONE', baseOffset: 0n });
  expect((await client.produce(topic, 0, batch(producer(producerId, 5)))).errorCode).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  expect(await client.produce(topic, 0, batch(producer(producerId, 2)))).toMatchObject({ errorCode: 'NONE', baseOffset: 2n });
  expect((await client.produce(topic, 0, batch({ producerId, producerEpoch: 1, baseSequence: 3 }))).errorCode).toBe(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
  );
  expect((await client.produce(topic, 0, batch({ producerId, producerEpoch: 1, baseSequence: 0 }))).errorCode).toBe('NONE');
  expect((await client.produce(topic, 0, batch(producer(producerId, 4)))).errorCode).toBe('INVALID_PRODUCER_EPOCH');
  expect(await client.fetch(topic, 0, 0n)).toHaveLength(6);
});

test('sequences are still known after the broker was killed', async () => {
  const topic = await freshTopic();
  const { producerId } = await client.initProducerId();
  for (const sequence of [0, 2, 4]) await client.produce(topic, 0, batch(producer(producerId, sequence)));

  await cluster.kill(1);
  cluster.startBroker(1);
  await cluster.ready();

  const known = await client
    .produce(topic, 0, batch(producer(producerId, 4)))
    .catch(() => client.produce(topic, 0, batch(producer(producerId, 4))));
  expect(known).toMatchObject({ errorCode: 'NONE', baseOffset: 4n });
  expect((await client.produce(topic, 0, batch(producer(producerId, 9)))).errorCode).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  expect((await client.produce(topic, 0, batch(producer(producerId, 6)))).baseOffset).toBe(6n);
});

test('timestamps from far away are refused where the topic says so', async () => {
  const topic = await freshTopic({ 'message.timestamp.before.max.ms': '3600000', 'message.timestamp.after.max.ms': '3600000' });

  expect((await client.produce(topic, 0, batch({ timestamp: Date.now() - 7_200_000 }))).errorCode).toBe('INVALID_TIMESTAMP');
  expect((await client.produce(topic, 0, batch({ timestamp: Date.now() + 7_200_000 }))).errorCode).toBe('INVALID_TIMESTAMP');
  expect((await client.produce(topic, 0, batch())).errorCode).toBe('NONE');
});

test('a compacted topic takes no record without a key', async () => {
  const topic = await freshTopic({ 'cleanup.policy': 'compact' });

  expect((await client.produce(topic, 0, batch())).errorCode).toBe('INVALID_RECORD');
  expect((await client.produce(topic, 0, batch({ records: [{ key: 'k', value: 'v' }] }))).errorCode).toBe('NONE');
});
