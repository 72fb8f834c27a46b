import { expect, test } from 'vitest';
import type { Cluster } from '#client';
import { FakeCluster } from '#client/testing.ts';
import { SimulatedWorld } from '#platform';
import { zeroUuid } from '#protocol';
import type { Scrape } from '../definition.ts';
import { Sheet } from '../sheet.ts';
import { groupCollector } from './groups.ts';

interface Committed {
  readonly topic: string;
  readonly offset: bigint;
  readonly topicId?: string;
}

/** A coordinator of groups, each of which has committed the same in as many partitions as are wanted. */
function scrapeOf(groups: Readonly<Record<string, readonly Committed[]>>, { partitions = 1, mostSeries = 1000 } = {}) {
  const watched = Object.entries(groups).map(([groupId, committed]) => ({
    groupId,
    state: 'Stable',
    members: 2,
    offsets: new Map(
      committed.map(({ topic, offset, topicId = zeroUuid }) => [
        topic,
        new Map(Array.from({ length: partitions }, (_, partition) => [partition, { offset, topicId }])),
      ]),
    ),
  }));
  const topic = { id: 'id-of-orders', name: 'orders', partitions: Array.from({ length: partitions }, () => ({})) };
  const sheet = new Sheet();
  const services = {
    groups: { runtime: { look: (see: (coordinator: object) => unknown) => [see({ watch: () => watched })] } },
    image: { topics: { byName: (name: string) => (name === 'orders' ? topic : undefined) } },
  };
  const scrape = { telemetry: { services }, sheet, eachPartition: true, mostSeries, breathe: async () => {} } as unknown as Scrape;
  const shown = (collector: { metrics: Parameters<Sheet['families']>[0] }) =>
    Object.fromEntries(sheet.families(collector.metrics).map(({ definition, lines }) => [definition.name, lines]));
  return { scrape, shown };
}

function orders(partitions = 1): FakeCluster {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', partitions);
  for (let partition = 0; partition < partitions; partition++)
    cluster.append('orders', partition, { records: [0, 1, 2].map((i) => ({ value: Buffer.from(`${i}`), timestamp: BigInt(Date.now()) })) });
  return cluster;
}

test('what was committed for a topic that is gone, or for another one that had its name, is not told', async () => {
  const collector = groupCollector(orders());
  const { scrape, shown } = scrapeOf({
    'of-this': [{ topic: 'orders', offset: 1n, topicId: 'id-of-orders' }],
    'of-another': [{ topic: 'orders', offset: 1n, topicId: 'id-of-what-was' }],
    'of-none': [{ topic: 'gone', offset: 1n }],
  });

  await collector.collect(scrape);

  const { kafka_consumergroup_lag: lags, kafka_consumergroup_members: members } = shown(collector);
  expect(lags!.map(({ labels, value }) => [labels['consumergroup'], value])).toEqual([['of-this', 2]]);
  expect(members).toHaveLength(3);
});

test.each([
  { of: 'up to the limit everything', mostSeries: 4, places: 4, sums: 2, groups: 2 },
  { of: 'more places: sums', mostSeries: 3, places: 0, sums: 2, groups: 2 },
  { of: 'more groups: how many there are', mostSeries: 1, places: 0, sums: 0, groups: 0 },
])('the number of series is bounded; $of', async ({ mostSeries, places, sums, groups }) => {
  const collector = groupCollector(orders(2));
  const committed = [{ topic: 'orders', offset: 1n }];
  const { scrape, shown } = scrapeOf({ a: committed, b: committed }, { partitions: 2, mostSeries });

  await collector.collect(scrape);

  const found = shown(collector);
  const count = (name: string) => found[`kafka_consumergroup_${name}`]?.length ?? 0;
  expect([count('lag'), count('current_offset'), count('group_lag_seconds')]).toEqual([places, places, places]);
  expect([count('lag_sum'), count('current_offset_sum'), count('group_topic_sum_lag')]).toEqual([sums, sums, sums]);
  expect([count('members'), count('group_max_lag_seconds')]).toEqual([groups, sums]);
  expect(found['kafkalite_groups']).toEqual([{ labels: { state: 'Stable' }, value: 2 }]);
});

test('leaders of which none ever answers cost four seconds, and what was committed is told', async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock } = world.node('broker').platform;
  const cluster: Cluster = { clock, patienceMs: 0, send: () => new Promise(() => {}) };
  const collector = groupCollector(cluster);
  const { scrape, shown } = scrapeOf({ readers: [{ topic: 'orders', offset: 1n }] });
  const began = clock.monotonic();

  await world.finish(Promise.resolve(collector.collect(scrape)));

  expect(clock.monotonic() - began).toBe(4000);
  const { kafka_consumergroup_current_offset: offsets, kafka_consumergroup_lag: lags } = shown(collector);
  expect(offsets).toHaveLength(1);
  expect(lags).toBeUndefined();
});

test('a cluster that answers with an error hides the lag and nothing else', async () => {
  const cluster = orders();
  cluster.intercept = () => {
    throw new Error('broken');
  };
  const collector = groupCollector(cluster);
  const { scrape, shown } = scrapeOf({ readers: [{ topic: 'orders', offset: 1n }] });

  await collector.collect(scrape);

  expect(Object.keys(shown(collector))).toEqual([
    'kafkalite_groups',
    'kafka_consumergroup_members',
    'kafka_consumergroup_current_offset',
    'kafka_consumergroup_current_offset_sum',
  ]);
});
