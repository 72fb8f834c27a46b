import { KafkaError } from '#protocol';
import type { ElectLeadersRequest, ElectLeadersResponseInput } from '#protocol/apis/elect-leaders.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { quoted } from '../configs/parse.ts';
import type { PartitionImage, TopicImage } from '../image/image.ts';
import { canLead, changePartition, onlyDirectory, type PartitionTarget, type View } from './partition-change.ts';
import { type ControllerState, type Decision, isActive } from './state.ts';

type TopicRow = ElectLeadersResponseInput['replicaElectionResults'][number];
type Row = TopicRow['partitionResult'][number];

const [preferred, unclean] = [0, 1] as const;
/** The most leaderships that are moved at once without being asked: their clients all look for the new leaders. */
const mostMovedAtOnce = 1000;

/**
 * Makes the preferred replicas leaders again, or, where nobody leads and nobody is eligible, any replica that lives, at the price of records.
 * Without partitions it is about all of them, and those that need no election are passed over.
 */
export function electLeaders(state: ControllerState, request: ElectLeadersRequest): Decision<ElectLeadersResponseInput> {
  const { electionType } = request;
  if (electionType !== preferred && electionType !== unclean) {
    throw new KafkaError('INVALID_REQUEST', `there is no election of type ${electionType}: 0 is preferred, 1 is unclean`);
  }
  const records: MetadataRecord[] = [];
  const seen = new Set<PartitionImage>();
  const electIn = (name: string, partitionId: number): Row => {
    const topic = state.image.topics.byName(name);
    const partition = topic?.partitions[partitionId];
    if (topic === undefined || partition === undefined) {
      return { partitionId, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', errorMessage: `there is no partition ${quoted(name)}-${partitionId}` };
    }
    const needed = electionType === preferred ? partition.leader !== partition.replicas[0] : partition.leader === -1;
    if (!needed || seen.has(partition)) return { partitionId, errorCode: 'ELECTION_NOT_NEEDED', errorMessage: null };
    seen.add(partition);
    const record = electionType === preferred ? preferredElection(state, topic, partition) : uncleanElection(state, topic, partition);
    if (record === undefined) return notElected(electionType, partition);
    records.push(record);
    return { partitionId, errorCode: 'NONE', errorMessage: null };
  };
  const asked = request.topicPartitions ?? allPartitions(state);
  const results = asked.map(({ topic, partitions }) => ({ topic, partitionResult: partitions.map((id) => electIn(topic, id)) }));
  return {
    records,
    response: {
      throttleTimeMs: 0,
      errorCode: 'NONE',
      replicaElectionResults: request.topicPartitions === null ? withoutNeedless(results) : results,
    },
  };
}

/** Gives leaderships back to preferred replicas that are in sync again, some at a time. */
export function balanceLeaders(state: ControllerState): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of state.image.topics.all()) {
    for (const partition of topic.partitions) {
      if (records.length >= mostMovedAtOnce) return records;
      if (partition.leader === -1 || partition.leader === partition.replicas[0]) continue;
      const record = preferredElection(state, topic, partition);
      if (record !== undefined) records.push(record);
    }
  }
  return records;
}

function preferredElection(view: View, topic: TopicImage, partition: PartitionImage): MetadataRecord | undefined {
  const record = changePartition(view, topic, partition, { election: 'preferred' });
  return leaderOf(record) === partition.replicas[0] ? record : undefined;
}

/** First among those that still hold something, be it old; then, since it was asked for, among those whose disk is empty or damaged. */
function uncleanElection(view: View, topic: TopicImage, partition: PartitionImage): MetadataRecord | undefined {
  const targets: PartitionTarget[] = [{ election: 'unclean' }, { election: 'unclean', ...withNewDirectories(view, partition) }];
  return targets.map((target) => changePartition(view, topic, partition, target)).find((record) => leaderOf(record) !== -1);
}

function withNewDirectories({ image }: View, partition: PartitionImage): PartitionTarget {
  const emptyReplicas = partition.replicas.filter((id) => isActive(image.brokers.get(id)) && !canLead(image, partition, id));
  return { emptyReplicas, directories: new Map(emptyReplicas.map((id) => [id, onlyDirectory(image.brokers.get(id))])) };
}

/** Whom a change elects; -1 for nobody. */
function leaderOf(record: MetadataRecord | undefined): number {
  return record?.name === 'PartitionChangeRecord' ? Math.max(record.value.leader, -1) : -1;
}

function notElected(electionType: number, { partition, replicas }: PartitionImage): Row {
  return electionType === preferred
    ? {
        partitionId: partition,
        errorCode: 'PREFERRED_LEADER_NOT_AVAILABLE',
        errorMessage: `broker ${replicas[0]} is not in service or not in sync`,
      }
    : { partitionId: partition, errorCode: 'ELIGIBLE_LEADERS_NOT_AVAILABLE', errorMessage: `none of ${replicas.join(', ')} is in service` };
}

function allPartitions(state: ControllerState) {
  return state.image.topics
    .all()
    .map(({ name, partitions }) => ({ topic: name, partitions: partitions.map(({ partition }) => partition) }));
}

function withoutNeedless(results: readonly TopicRow[]): TopicRow[] {
  return results
    .map(({ topic, partitionResult }) => ({
      topic,
      partitionResult: partitionResult.filter(({ errorCode }) => errorCode !== 'ELECTION_NOT_NEEDED'),
    }))
    .filter(({ partitionResult }) => partitionResult.length > 0);
}
