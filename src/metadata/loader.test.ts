import { expect, test } from 'vitest';
import { SimulatedWorld, silentLogger, simulatedPlatform } from '#platform';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { decodeRecord, encodeRecord } from './image/records.ts';
import { type CommittedBatch, MetadataLoader } from './loader.ts';
import { idOf } from './testing.ts';

function batch(baseOffset: number, records: readonly MetadataRecord[]): CommittedBatch {
  return {
    baseOffset: BigInt(baseOffset),
    lastOffset: BigInt(baseOffset + records.length - 1),
    leaderEpoch: 1,
    appendTimestamp: 1000 + baseOffset,
    records: records.map((record, index) => ({ offset: BigInt(baseOffset + index), value: encodeRecord(record, 30) })),
  };
}

function topic(name: string, id: number): MetadataRecord {
  return { name: 'TopicRecord', value: { name, topicId: idOf(id) } };
}

function loader(options: { snapshotEveryBytes?: number; snapshotEveryMs?: number } = {}) {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock } = simulatedPlatform(world, 'broker');
  const made: { offset: bigint; epoch: number; timestamp: number; records: MetadataRecord[] }[] = [];
  const result = new MetadataLoader({ clock, log: silentLogger, ...options });
  result.makeSnapshotsWith({
    createSnapshot: (offset, epoch, timestamp, records) => {
      made.push({ offset, epoch, timestamp, records: [...records].map(decodeRecord) });
      return Promise.resolve();
    },
  });
  return { loader: result, world, made };
}

test('each committed batch gives one image, told to all followers in order (R7)', () => {
  const { loader: metadata } = loader();
  const heard: string[] = [];
  metadata.onImage((image, delta) => heard.push(`first ${image.offset} ${delta.topics.created.map(({ name }) => name)}`));
  metadata.onImage((image) => heard.push(`second ${image.offset}`));

  metadata.handleCommit(batch(0, [topic('a', 1), topic('b', 2)]));
  metadata.handleCommit(batch(5, [topic('c', 3)]));

  expect(heard).toEqual(['first 1 a,b', 'second 1', 'first 5 c', 'second 5']);
  expect(metadata.image.timestamp).toBe(1005);
});

test('a batch that was applied already is refused (R7)', () => {
  const { loader: metadata } = loader();
  metadata.handleCommit(batch(0, [topic('a', 1), topic('b', 2)]));

  expect(() => metadata.handleCommit(batch(1, [topic('c', 3)]))).toThrow('comes after');
});

test('a snapshot takes the place of everything, and followers hear the difference (R11)', () => {
  const { loader: metadata } = loader();
  metadata.handleCommit(batch(0, [topic('a', 1), topic('b', 2)]));
  const heard: string[] = [];
  metadata.onImage((_, { topics }) => heard.push(`+${topics.created.map(({ name }) => name)} -${topics.deleted.map(({ name }) => name)}`));

  metadata.handleSnapshot({
    endOffset: 10n,
    leaderEpoch: 2,
    lastContainedLogTimestamp: 9,
    records: [encodeRecord(topic('b', 2), 30), encodeRecord(topic('c', 3), 30)],
  });

  expect(metadata.image.offset).toBe(9n);
  expect(heard).toEqual(['+c -a']);
});

test('a snapshot is asked for when enough bytes have come since the last one (R11)', async () => {
  const { loader: metadata, made } = loader({ snapshotEveryBytes: 100, snapshotEveryMs: 0 });

  for (let index = 0; index < 8; index++) metadata.handleCommit(batch(index, [topic(`topic-${index}`, index)]));
  await Promise.resolve();
  for (let index = 8; index < 12; index++) metadata.handleCommit(batch(index, [topic(`topic-${index}`, index)]));

  expect(made.map(({ offset }) => offset)).toEqual([3n, 8n]);
  expect(made[0]).toMatchObject({ epoch: 1, timestamp: 1003 });
  expect(made[0]!.records).toHaveLength(4);
});

test('a snapshot is asked for when enough time has passed, but not while nothing was written', async () => {
  const { loader: metadata, world, made } = loader({ snapshotEveryMs: 1000 });
  metadata.handleCommit(batch(0, [topic('a', 1)]));
  expect(made).toEqual([]);

  await world.run({ forMs: 1000 });
  metadata.handleCommit(batch(1, []));
  await Promise.resolve();
  await world.run({ forMs: 1000 });
  metadata.handleCommit(batch(2, []));

  expect(made.map(({ offset }) => offset)).toEqual([0n]);
});

test('the records of a metadata transaction count when it ends, and not at all when it is given up', () => {
  const { loader: metadata } = loader();
  const begin: MetadataRecord = { name: 'BeginTransactionRecord', value: { name: 'bootstrap' } };

  metadata.handleCommit(batch(0, [begin, topic('a', 1)]));
  expect(metadata.image.topics.size).toBe(0);
  expect(metadata.transactionIsOpen).toBe(true);
  metadata.handleCommit(batch(2, [topic('b', 2), { name: 'EndTransactionRecord', value: {} }]));
  expect(metadata.image.topics.size).toBe(2);
  metadata.handleCommit(batch(4, [begin, topic('c', 3), { name: 'AbortTransactionRecord', value: { reason: null } }]));

  expect(metadata.image.topics.size).toBe(2);
  expect(metadata.transactionIsOpen).toBe(false);
});

test('a log of a metadata.version that is not understood is refused', () => {
  const { loader: metadata } = loader();

  expect(() =>
    metadata.handleCommit(batch(0, [{ name: 'FeatureLevelRecord', value: { name: 'metadata.version', featureLevel: 99 } }])),
  ).toThrow('metadata.version is 99');
});
