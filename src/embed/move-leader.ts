import { readMetadata } from '#client';
import { KafkaError } from '#protocol';
import { alterPartitionReassignments } from '#protocol/apis/alter-partition-reassignments.ts';
import { electLeaders } from '#protocol/apis/elect-leaders.ts';
import type { DirectCluster } from './direct-cluster.ts';
import type { WaitFor } from './wait-for.ts';
import { waitUntil } from './waiting.ts';

const timeoutMs = 10_000;

/** Makes a broker the leader of a partition, and its preferred one, so that it stays so. One that has no replica takes the place of the leader before. */
export async function moveLeader(
  cluster: DirectCluster,
  waitFor: WaitFor,
  topic: string,
  partition: number,
  broker: number,
): Promise<void> {
  const place = (await readMetadata(cluster, [topic])).topics.get(topic)?.partitions.find((known) => known.partition === partition);
  if (place === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${topic}-${partition}`);
  const others = place.replicas.filter((replica) => replica !== broker);
  const replicas = place.replicas.includes(broker)
    ? [broker, ...others]
    : [broker, ...place.replicas.filter((replica) => replica !== place.leader)];
  if (String(replicas) !== String(place.replicas)) await reassign(cluster, topic, partition, replicas);
  await waitUntil(cluster.clock, `replicas ${replicas} of ${topic}-${partition}`, () => {
    const found = cluster.anyone().router!.image.topics.byName(topic)?.partitions[partition];
    const isDone = found !== undefined && String(found.replicas) === String(replicas) && found.isr.includes(broker);
    return isDone ? { found: true } : `replicas ${found?.replicas}, in sync ${found?.isr}`;
  });
  const response = await cluster.send('controller', electLeaders, {
    electionType: 0,
    topicPartitions: [{ topic, partitions: [partition] }],
    timeoutMs,
  });
  const result = response.replicaElectionResults[0]?.partitionResult[0];
  const errorCode = response.errorCode === 'NONE' ? (result?.errorCode ?? 'NONE') : response.errorCode;
  if (errorCode !== 'NONE' && errorCode !== 'ELECTION_NOT_NEEDED')
    throw new KafkaError(
      errorCode,
      `broker ${broker} does not become the leader of ${topic}-${partition}: ${result?.errorMessage ?? errorCode}`,
    );
  await waitFor.leader(topic, { partition, broker });
}

async function reassign(cluster: DirectCluster, topic: string, partition: number, replicas: readonly number[]): Promise<void> {
  const response = await cluster.send('controller', alterPartitionReassignments, {
    timeoutMs,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, replicas: [...replicas] }] }],
  });
  const result = response.responses[0]?.partitions[0];
  const errorCode = response.errorCode === 'NONE' ? (result?.errorCode ?? 'NONE') : response.errorCode;
  if (errorCode !== 'NONE')
    throw new KafkaError(
      errorCode,
      `the replicas of ${topic}-${partition} do not become ${replicas}: ${result?.errorMessage ?? response.errorMessage ?? errorCode}`,
    );
}
