import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { histories, idOf } from '../testing.ts';
import { emptyImage, type MetadataImage } from './image.ts';
import { foldRecords, ImageBuilder, replaceBySnapshot } from './image-builder.ts';
import { recordVersion } from './metadata-versions.ts';
import { decodeRecord, encodeRecord, imageToRecords } from './records.ts';

const position = { offset: 9n, leaderEpoch: 1, timestamp: 5 };

function contentOf(image: MetadataImage) {
  return [...imageToRecords(image)];
}

function textOf(image: MetadataImage): string {
  return inspect(contentOf(image), { depth: null, maxArrayLength: null });
}

test('the records of an image add up to that image', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const image = foldRecords(history, position);

      const again = foldRecords(contentOf(image), position);

      expect(contentOf(again)).toEqual(contentOf(image));
      expect(again.topics.all()).toEqual(image.topics.all());
      expect(again.brokers.all()).toEqual(image.brokers.all());
      expect(again.features).toEqual(image.features);
      expect(again.nextProducerId).toBe(image.nextProducerId);
    }),
  );
});

test('a record that was encoded for the log and decoded again is the same', () => {
  fc.assert(
    fc.property(histories, (history) => {
      for (const record of history) expect(decodeRecord(encodeRecord(record, 30))).toEqual(record);
    }),
  );
});

test('cutting a history into batches does not change the image, and an image that was taken stays as it was (R7)', () => {
  fc.assert(
    fc.property(histories, fc.integer({ min: 1, max: 9 }), (history, batch) => {
      let image = emptyImage;
      const taken: { image: MetadataImage; content: string }[] = [];
      for (let start = 0; start < history.length; start += batch) {
        image = foldRecords(history.slice(start, start + batch), position, image);
        taken.push({ image, content: textOf(image) });
      }

      expect(contentOf(image)).toEqual(contentOf(foldRecords(history)));
      for (const { image: then, content } of taken) expect(textOf(then)).toEqual(content);
    }),
  );
});

test('a delta names exactly the topics and partitions in which two images differ', () => {
  fc.assert(
    fc.property(histories, fc.nat({ max: 60 }), (history, cut) => {
      const before = foldRecords(history.slice(0, cut));
      const builder = new ImageBuilder(before);
      for (const record of history.slice(cut)) builder.apply(record);

      const { image, delta } = builder.finish(position);

      const ids = (topics: readonly { id: string }[]) => topics.map(({ id }) => id);
      const olds = new Set(ids(before.topics.all()));
      const news = new Set(ids(image.topics.all()));
      expect(new Set(ids(delta.topics.created))).toEqual(new Set([...news].filter((id) => !olds.has(id))));
      expect(new Set(ids(delta.topics.deleted))).toEqual(new Set([...olds].filter((id) => !news.has(id))));
      const changed = image.topics
        .all()
        .flatMap((topic) =>
          topic.partitions
            .filter(
              (partition) => JSON.stringify(before.topics.byId(topic.id)?.partitions[partition.partition]) !== JSON.stringify(partition),
            )
            .map(({ partition }) => `${topic.name}-${partition}`),
        );
      expect(delta.topics.changedPartitions.map(({ topic, partition }) => `${topic.name}-${partition.partition}`).sort()).toEqual(
        changed.sort(),
      );
    }),
  );
});

test('loading a snapshot gives the same difference as reading the records', () => {
  fc.assert(
    fc.property(histories, fc.nat({ max: 60 }), (history, cut) => {
      const before = foldRecords(history.slice(0, cut));
      const builder = new ImageBuilder(before);
      for (const record of history.slice(cut)) builder.apply(record);
      const read = builder.finish(position);

      const loaded = replaceBySnapshot(before, imageToRecords(read.image), position);

      expect(contentOf(loaded.image)).toEqual(contentOf(read.image));
      expect(loaded.delta).toEqual(read.delta);
    }),
  );
});

test('a topic that is deleted and made again in one batch is in both lists, with its two ids (M3)', () => {
  const before = foldRecords([{ name: 'TopicRecord', value: { name: 'orders', topicId: idOf(1) } }]);
  const builder = new ImageBuilder(before);
  builder.apply({ name: 'RemoveTopicRecord', value: { topicId: idOf(1) } });
  builder.apply({ name: 'TopicRecord', value: { name: 'orders', topicId: idOf(2) } });

  const { image, delta } = builder.finish(position);

  expect(delta.topics.deleted.map(({ id }) => id)).toEqual([idOf(1)]);
  expect(delta.topics.created.map(({ id }) => id)).toEqual([idOf(2)]);
  expect(image.topics.byName('orders')?.id).toBe(idOf(2));
  expect(image.topics.byId(idOf(1))).toBeUndefined();
});

test('a deleted topic takes its configs with it (M3)', () => {
  const image = foldRecords([
    { name: 'TopicRecord', value: { name: 'orders', topicId: idOf(1) } },
    { name: 'ConfigRecord', value: { resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: '1' } },
    { name: 'RemoveTopicRecord', value: { topicId: idOf(1) } },
  ]);

  expect(image.configs.of('topic', 'orders').size).toBe(0);
});

test('a change that names a leader begins a leader epoch, one that does not keeps it', () => {
  const empty = {
    isr: null,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  };
  const image = foldRecords([
    { name: 'TopicRecord', value: { name: 'orders', topicId: idOf(1) } },
    {
      name: 'PartitionRecord',
      value: {
        ...empty,
        partitionId: 0,
        topicId: idOf(1),
        replicas: [1, 2],
        isr: [1, 2],
        removingReplicas: [],
        addingReplicas: [],
        leader: 1,
        leaderRecoveryState: 0,
        leaderEpoch: 4,
        partitionEpoch: 7,
        directories: [idOf(21), idOf(22)],
      },
    },
    { name: 'PartitionChangeRecord', value: { ...empty, partitionId: 0, topicId: idOf(1), leader: -2, isr: [1] } },
    { name: 'PartitionChangeRecord', value: { ...empty, partitionId: 0, topicId: idOf(1), leader: 1 } },
  ]);

  expect(image.topics.byName('orders')?.partitions[0]).toMatchObject({ isr: [1], leader: 1, leaderEpoch: 5, partitionEpoch: 9 });
});

test('a record that does not fit its history is refused', () => {
  expect(() => foldRecords([{ name: 'RemoveTopicRecord', value: { topicId: idOf(1) } }])).toThrow('does not exist');
  expect(() => foldRecords([{ name: 'UnregisterBrokerRecord', value: { brokerId: 1, brokerEpoch: 1n } }])).toThrow('broker 1');
});

test('records are written in the version that the metadata.version in force calls for', () => {
  expect(recordVersion('RegisterBrokerRecord', 30)).toBe(4);
  expect(recordVersion('RegisterBrokerRecord', 29)).toBe(3);
  expect(recordVersion('PartitionRecord', 22)).toBe(1);
  expect(recordVersion('PartitionRecord', 23)).toBe(2);
  expect(recordVersion('BrokerRegistrationChangeRecord', 25)).toBe(2);
  expect(recordVersion('TopicRecord', 30)).toBe(0);
});
