import type { Cluster, KnownTopic } from '#client';
import { KafkaError } from '#protocol';
import { type DescribeConfigsResponse, describeConfigs } from '#protocol/apis/describe-configs.ts';

type Entry = DescribeConfigsResponse['results'][number]['configs'][number];

const topicResource = 2;
const defaultSource = 5;

/**
 * Settings that a copy does not take over: how much of another cluster may fail, what is said of its brokers or their other storage, and which
 * times new records may have, as these records are old.
 */
const ownOfCluster =
  /^(min\.insync\.replicas|unclean\.leader\.election\.enable|.*\.throttled\.replicas|remote\..*|local\.retention\..*|message\.timestamp\..*)$/;

/**
 * What a copy has to be made with so that it keeps what its source keeps: by the settings of a new topic old records might go as soon as they come.
 * What the source's brokers have set for all topics counts as well.
 */
export async function settingsOf(cluster: Cluster, { name }: KnownTopic): Promise<{ name: string; value: string }[]> {
  const resources = [{ resourceType: topicResource, resourceName: name, configurationKeys: null }];
  const { results } = await cluster.send('anyone', describeConfigs, { resources });
  const { errorCode, errorMessage, configs } = results[0]!;
  if (errorCode !== 'NONE') throw new KafkaError(errorCode, errorMessage ?? undefined);
  return settingsToTake(configs);
}

export function settingsToTake(entries: readonly Pick<Entry, 'name' | 'value' | 'configSource'>[]): { name: string; value: string }[] {
  return entries.flatMap(({ name, value, configSource }) =>
    configSource === defaultSource || value === null || ownOfCluster.test(name) ? [] : [{ name, value }],
  );
}
