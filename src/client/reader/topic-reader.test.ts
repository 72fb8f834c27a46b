import { beforeEach, expect, test } from 'vitest';
import { NetworkError } from '#platform';
import type { ErrorName } from '#protocol';
import { type KnownTopic, readMetadata } from '../metadata.ts';
import { FakeCluster } from '../testing.ts';
import { type ReadRange, TopicReader } from './topic-reader.ts';

let cluster: FakeCluster;
let topic: KnownTopic;
let read: string[];
let notes: string[];

beforeEach(async () => {
  cluster = new FakeCluster();
  cluster.addTopic('orders', 2);
  for (const partition of [0, 1])
    for (let i = 0; i < 3; i++)
      cluster.append('orders', partition, {
        records: [{ value: Buffer.from(`${partition}/${2 * i}`) }, { value: Buffer.from(`${partition}/${2 * i + 1}`) }],
      });
  topic = (await readMetadata(cluster, ['orders'])).topics.get('orders')!;
  [read, notes] = [[], []];
});

function reader(...ranges: ReadRange[]): TopicReader {
  const deliver = async (_: number, { records }: { records: readonly { value: Buffer | null }[] }) => {
    read.push(...records.map(({ value }) => String(value)));
  };
  return new TopicReader({ cluster, topic, ranges, isolation: 'read_committed', deliver, note: (line) => notes.push(line) });
}

test('ranges are read from within a batch to within a batch, each partition in its order', async () => {
  await reader({ partition: 0, from: 1n, until: 5n }, { partition: 1, from: 4n, until: 6n }).run();

  expect(read.filter((each) => each.startsWith('0'))).toEqual(['0/1', '0/2', '0/3', '0/4']);
  expect(read.filter((each) => each.startsWith('1'))).toEqual(['1/4', '1/5']);
});

test('a leader that moves, or does not answer, is looked for, and nothing is read twice', async () => {
  let fetches = 0;
  cluster.intercept = ({ api }) => {
    if (api !== 'Fetch') return undefined;
    fetches++;
    if (fetches === 2) cluster.topics.get('orders')![0]!.leader = 3;
    if (fetches === 4) throw new NetworkError('ECONNRESET', 'gone');
    return undefined;
  };

  await reader({ partition: 0, from: 0n, until: 6n }).run();

  expect(read).toEqual(['0/0', '0/1', '0/2', '0/3', '0/4', '0/5']);
});

test('what is not there any more is passed over, and told', async () => {
  cluster.topics.get('orders')![0]!.start = 4n;

  await reader({ partition: 0, from: 1n, until: 6n }).run();

  expect(read).toEqual(['0/4', '0/5']);
  expect(notes).toEqual(['orders-0 does not have what was to be read next any more: going on where it begins, at offset 4.']);
});

test('without an end it goes on until it is stopped', async () => {
  const endless = reader({ partition: 0, from: 6n });
  const ended = endless.run();
  cluster.append('orders', 0, { records: [{ value: Buffer.from('new') }] });
  await expect.poll(() => read).toEqual(['new']);

  endless.stop();

  await ended;
});

test('a topic that is deleted meanwhile is an error', async () => {
  const endless = reader({ partition: 0, from: 6n });
  const ended = endless.run();
  cluster.topics.delete('orders');
  cluster.intercept = ({ api }) =>
    api === 'Fetch'
      ? {
          errorCode: 'NONE',
          responses: [{ topic: '', topicId: topic.id, partitions: [{ partitionIndex: 0, errorCode: 'UNKNOWN_TOPIC_ID', records: null }] }],
        }
      : undefined;

  await expect(ended).rejects.toThrow('topic orders was deleted while it was read');
});

test('a fetch that fails as a whole is made again when that may pass, and ends the reading when it cannot', async () => {
  const failures: ErrorName[] = ['BROKER_NOT_AVAILABLE', 'UNSUPPORTED_VERSION'];
  cluster.intercept = ({ api }) => {
    const errorCode = api === 'Fetch' ? failures.shift() : undefined;
    return errorCode === undefined ? undefined : { errorCode, responses: [] };
  };

  await expect(reader({ partition: 0, from: 0n, until: 6n }).run()).rejects.toThrow('a fetch from broker');
  expect(failures).toEqual([]);

  await reader({ partition: 0, from: 0n, until: 6n }).run();
  expect(read).toHaveLength(6);
});
