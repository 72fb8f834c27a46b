import type { Telemetry } from '#broker';
import { type Cluster, type Lag, lagOf, UnreadRecords } from '#client';
import type { WatchedGroup } from '#coordinators';
import { sleep } from '#platform';
import { zeroUuid } from '#protocol';
import { type Collector, gauge, type Scrape } from '../definition.ts';

const ofGroup = (name: string, labels: readonly string[], help: string) =>
  gauge(`kafka_consumergroup_${name}`, 'coordinator', labels, help);

const groupsByState = gauge('kafkalite_groups', 'coordinator', ['state'], 'Groups that this broker coordinates.');
const members = ofGroup('members', ['consumergroup'], 'Members of the group.');
const currentOffset = ofGroup('current_offset', ['consumergroup', 'topic', 'partition'], 'The offset that the group has committed.');
const lag = ofGroup(
  'lag',
  ['consumergroup', 'topic', 'partition'],
  'Records between that offset and the high watermark, as kafka-consumer-groups shows it.',
);
const currentOffsetSum = ofGroup('current_offset_sum', ['consumergroup', 'topic'], 'The sum of these offsets.');
const lagSum = ofGroup('lag_sum', ['consumergroup', 'topic'], 'The sum of these lags; left out while the lag of a partition is not known.');
/** kafka-lag-exporter says group, kafka_exporter consumergroup; dashboards of both are served. */
const lagSeconds = ofGroup(
  'group_lag_seconds',
  ['consumergroup', 'group', 'topic', 'partition'],
  'How long ago the first record was written that the group has not had: read from the record, not guessed; 0 when it has had all.',
);
const maxLagSeconds = ofGroup('group_max_lag_seconds', ['consumergroup', 'group'], 'The longest of these.');
const topicSumLag = ofGroup('group_topic_sum_lag', ['consumergroup', 'group', 'topic'], 'The same as kafka_consumergroup_lag_sum.');

/** All of it together; a leader that hangs costs one request's time, and what depends on it is left out. */
const longestMs = 4000;
const lookForMs = 1000;

/** Groups, each from its coordinator. */
export function groupCollector(cluster: Cluster): Collector {
  const seen = new UnreadRecords();
  return {
    title: 'Consumer groups',
    metrics: [groupsByState, members, currentOffset, lag, currentOffsetSum, lagSum, lagSeconds, maxLagSeconds, topicSumLag],
    async collect(scrape: Scrape): Promise<void> {
      const groups = scrape.telemetry.services.groups.runtime.look((coordinator) => coordinator.watch()).flat();
      for (const [state, those] of Map.groupBy(groups, (group) => group.state)) scrape.sheet.set(groupsByState, those.length, state);
      const places = groups.flatMap((group) => committedPlaces(group, scrape.telemetry));
      const sums = bySum(places);
      // Each group has a series of its own, at least.
      if (groups.length > scrape.mostSeries) return;
      for (const { groupId, members: count } of groups) scrape.sheet.set(members, count, groupId);
      if (sums.size > scrape.mostSeries || places.length === 0) return;
      await scrape.breathe();
      // It goes on in the background when it takes too long; only its values are not waited for.
      const lags = await Promise.race([
        lagOf(cluster, places, { seen, lookForMs }).catch(() => undefined),
        sleep(cluster.clock, longestMs).then(() => undefined),
      ]);
      await tell(scrape, places, lags);
    },
  };
}

interface Place {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** What was committed for a topic that is gone, or was made again, says nothing of what is there. */
function committedPlaces({ groupId, offsets }: WatchedGroup, { services: { image } }: Telemetry): Place[] {
  const places: Place[] = [];
  for (const [name, partitions] of offsets) {
    const topic = image.topics.byName(name);
    if (topic === undefined) continue;
    for (const [partition, { offset, topicId }] of partitions) {
      if (topic.partitions[partition] === undefined || (topicId !== zeroUuid && topicId !== topic.id)) continue;
      places.push({ group: groupId, topic: name, partition, offset });
    }
  }
  return places;
}

function bySum(places: readonly Place[]): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const [index, { group, topic }] of places.entries()) {
    // No topic has a space in its name.
    const key = `${topic} ${group}`;
    const found = sums.get(key);
    if (found === undefined) sums.set(key, [index]);
    else found.push(index);
  }
  return sums;
}

async function tell(scrape: Scrape, places: readonly Place[], lags: readonly Lag[] | undefined): Promise<void> {
  const { sheet } = scrape;
  if (places.length <= scrape.mostSeries) {
    for (const [index, { group, topic, partition, offset }] of places.entries()) {
      sheet.set(currentOffset, offset, group, topic, partition);
      const known = lags?.[index];
      if (known?.lag != null) sheet.set(lag, known.lag, group, topic, partition);
      if (known?.lagMs != null) sheet.set(lagSeconds, known.lagMs / 1000, group, group, topic, partition);
      await scrape.breathe();
    }
  }
  for (const indexes of bySum(places).values()) {
    const { group, topic } = places[indexes[0]!]!;
    sheet.set(
      currentOffsetSum,
      indexes.reduce((sum, index) => sum + places[index]!.offset, 0n),
      group,
      topic,
    );
    const those = indexes.map((index) => lags?.[index]?.lag ?? null);
    if (those.includes(null)) continue;
    const sum = those.reduce((total: bigint, one) => total + one!, 0n);
    sheet.set(lagSum, sum, group, topic);
    sheet.set(topicSumLag, sum, group, group, topic);
  }
  const longest = new Map<string, number>();
  for (const [index, { group }] of places.entries()) {
    const ms = lags?.[index]?.lagMs;
    if (ms != null) longest.set(group, Math.max(longest.get(group) ?? 0, ms));
  }
  for (const [group, ms] of longest) sheet.set(maxLagSeconds, ms / 1000, group, group);
}
