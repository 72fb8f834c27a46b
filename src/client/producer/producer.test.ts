import { beforeEach, expect, test } from 'vitest';
import { NetworkError } from '#platform';
import { batchesIn } from '#protocol';
import type { ProduceRequest } from '#protocol/apis/produce.ts';
import { type KnownTopic, readMetadata } from '../metadata.ts';
import { FakeCluster } from '../testing.ts';
import { Producer, type ProducerOptions } from './producer.ts';

/** One batch as a broker got it. */
interface Got {
  readonly to: unknown;
  readonly partition: number;
  readonly sequence: number;
  readonly values: string[];
}

let cluster: FakeCluster;
let topic: KnownTopic;
let got: Got[];
/** What the next batches are answered, one after the other; then all is well. */
let answers: (string | Error)[];

beforeEach(async () => {
  cluster = new FakeCluster();
  cluster.addTopic('orders', 2);
  topic = (await readMetadata(cluster, ['orders'])).topics.get('orders')!;
  [got, answers] = [[], []];
  cluster.intercept = ({ api, to, request }) => {
    if (api !== 'Produce') return undefined;
    const { index, records } = (request as ProduceRequest).topicData[0]!.partitionData[0]!;
    const [batch] = batchesIn(records!);
    got.push({ to, partition: index, sequence: batch!.baseSequence, values: [...batch!.records()].map(({ value }) => String(value)) });
    const answer = answers.shift() ?? 'NONE';
    if (answer instanceof Error) throw answer;
    return { responses: [{ name: 'orders', topicId: topic.id, partitionResponses: [{ index, errorCode: answer, baseOffset: 0n }] }] };
  };
});

const identity = { producerId: 7n, producerEpoch: 0 };
const producer = (options: Partial<ProducerOptions> = {}) => new Producer({ cluster, topic, identity, ...options });

test('records are collected into batches for each partition, in their order, with sequences that go on', async () => {
  const one = producer();
  for (const value of ['a', 'b']) one.add(0, { value });
  one.add(1, { value: 'x' });
  await one.flush();
  one.add(0, { value: 'c' });
  await one.flush();

  expect(got.filter(({ partition }) => partition === 0)).toEqual([
    { to: 1, partition: 0, sequence: 0, values: ['a', 'b'] },
    { to: 1, partition: 0, sequence: 2, values: ['c'] },
  ]);
  expect(got.filter(({ partition }) => partition === 1)).toEqual([{ to: 2, partition: 1, sequence: 0, values: ['x'] }]);
  expect(one.written).toBe(4);
});

test('a batch whose answer got lost, or whose leader moved, is sent again as it was, and nothing overtakes it', async () => {
  answers = [new NetworkError('ECONNRESET', 'lost'), 'NOT_LEADER_OR_FOLLOWER', 'DUPLICATE_SEQUENCE_NUMBER'];
  const one = producer({ batchBytes: 1 });
  for (const value of ['a', 'b']) one.add(0, { value });
  await one.flush();

  expect(got.map(({ sequence, values }) => [sequence, ...values])).toEqual([
    [0, 'a'],
    [0, 'a'],
    [0, 'a'],
    [1, 'b'],
  ]);
});

test('without an identity what may have been written is not sent again', async () => {
  answers = [new NetworkError('ECONNRESET', 'lost')];
  const one = producer({ identity: undefined });
  one.add(0, { value: 'a' });

  await expect(one.flush()).rejects.toThrow('lost');
  expect(got).toHaveLength(1);
  expect(() => one.add(0, { value: 'b' })).toThrow('lost');
});

test('a batch that is too large for its topic is halved; a record that is too large by itself is an error', async () => {
  answers = ['MESSAGE_TOO_LARGE', 'NONE', 'NONE', 'NONE', 'MESSAGE_TOO_LARGE'];
  const bytesOfThree = 63;
  const one = producer({ batchBytes: bytesOfThree });
  for (const value of ['a', 'b', 'c', 'd', 'e', 'f']) one.add(0, { value });
  await one.flush();

  expect(got.map(({ sequence, values }) => [sequence, ...values])).toEqual([
    [0, 'a', 'b', 'c'],
    [0, 'a', 'b'],
    [2, 'c'],
    [3, 'd', 'e', 'f'],
  ]);
  one.add(0, { value: 'g' });
  await expect(one.flush()).rejects.toThrow('writing to orders-0');
});

test('who adds more than can be sent has to wait for room', async () => {
  const one = producer();
  expect(one.room()).toBeUndefined();
  for (let i = 0; i < 33; i++) one.add(0, { value: Buffer.alloc(1024 * 1024) });

  const room = one.room();

  expect(room).toBeDefined();
  await room;
  await one.flush();
  expect(one.written).toBe(33);
});
