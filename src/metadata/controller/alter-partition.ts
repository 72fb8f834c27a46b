import type { ErrorName } from '#protocol';
import type { AlterPartitionRequest, AlterPartitionResponseInput } from '#protocol/apis/alter-partition.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PartitionImage, TopicImage } from '../image/image.ts';
import { changedPartition } from '../image/image-builder.ts';
import { isMoving } from './alter-partition-reassignments.ts';
import { changePartition } from './partition-change.ts';
import { type ControllerState, type Decision, isActive } from './state.ts';

type AskedPartition = AlterPartitionRequest['topics'][number]['partitions'][number];
type Row = AlterPartitionResponseInput['topics'][number]['partitions'][number];
type Member = { readonly brokerId: number; readonly brokerEpoch: bigint };

/**
 * A leader asks for another ISR (KIP-497). Only the one that leads now, and that knows the present state of the partition, is heard; and nobody comes
 * into the ISR who is not in service, or is not the incarnation that the leader has seen catch up (KIP-841, KIP-903; P6).
 * @param version of the request: broker epochs come with the ISR from 3 on
 */
export function alterPartition(
  state: ControllerState,
  request: AlterPartitionRequest,
  version: number,
): Decision<AlterPartitionResponseInput> {
  if (state.image.brokers.get(request.brokerId)?.epoch !== request.brokerEpoch) {
    return { records: [], response: { throttleTimeMs: 0, errorCode: 'STALE_BROKER_EPOCH', topics: [] } };
  }
  const records: MetadataRecord[] = [];
  const decided = new Set<PartitionImage>();
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = state.image.topics.byId(topicId);
    const rows = partitions.map((asked): Row => {
      if (topic === undefined) return refusal(asked, 'UNKNOWN_TOPIC_ID');
      const partition = topic.partitions[asked.partitionIndex];
      if (partition === undefined) return refusal(asked, 'UNKNOWN_TOPIC_OR_PARTITION');
      const isr = version >= 3 ? asked.newIsrWithEpochs : asked.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1n }));
      const error = decided.has(partition) ? 'INVALID_UPDATE_VERSION' : faultOf(state, request.brokerId, partition, asked, isr);
      if (error !== undefined) return refusal(asked, error);
      decided.add(partition);
      return alter(state, topic, partition, asked, isr, records);
    });
    return { topicId, partitions: rows };
  });
  if (records.length === 0 && topics.some(({ partitions }) => partitions.some(settlesIt))) records.push({ name: 'NoOpRecord', value: {} });
  return { records, response: { throttleTimeMs: 0, errorCode: 'NONE', topics } };
}

/**
 * Does the leader conclude from the answer which ISR is in force? Then it has to come from who is still the controller, and rests on an empty record: one
 * that was deposed could deny what its successor has done at an earlier try (R14, P4).
 */
function settlesIt({ errorCode }: Row): boolean {
  return errorCode === 'NONE' || errorCode === 'INELIGIBLE_REPLICA' || errorCode === 'INVALID_REQUEST';
}

function refusal({ partitionIndex }: AskedPartition, errorCode: ErrorName): Row {
  return { partitionIndex, errorCode, leaderId: 0, leaderEpoch: 0, isr: [], partitionEpoch: 0 };
}

function alter(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionImage,
  asked: AskedPartition,
  isr: readonly Member[],
  records: MetadataRecord[],
): Row {
  const target = { isr: isr.map(({ brokerId }) => brokerId), leaderRecoveryState: asked.leaderRecoveryState };
  const record = changePartition(state, topic, partition, target);
  let after = partition;
  if (record?.name === 'PartitionChangeRecord') {
    records.push(record);
    after = changedPartition(partition, record.value);
  }
  // The change has brought a reassignment to its end: other replicas, perhaps another leader or another min.insync.replicas are learnt of from the metadata only.
  if (after.leader !== partition.leader || isMoving(partition) !== isMoving(after)) return refusal(asked, 'NEW_LEADER_ELECTED');
  return {
    partitionIndex: partition.partition,
    errorCode: 'NONE',
    leaderId: after.leader,
    leaderEpoch: after.leaderEpoch,
    isr: [...after.isr],
    leaderRecoveryState: after.leaderRecoveryState,
    partitionEpoch: after.partitionEpoch,
  };
}

/** Why the leader's wish cannot be granted. An epoch that is higher than ours says that we are no longer the controller. */
function faultOf(
  state: ControllerState,
  brokerId: number,
  partition: PartitionImage,
  asked: AskedPartition,
  isr: readonly Member[],
): ErrorName | undefined {
  if (asked.leaderEpoch > partition.leaderEpoch || asked.partitionEpoch > partition.partitionEpoch) return 'NOT_CONTROLLER';
  if (asked.leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
  if (brokerId !== partition.leader) return 'INVALID_REQUEST';
  if (asked.partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION';
  const ids = isr.map((member) => member.brokerId);
  if (new Set(ids).size !== ids.length || !ids.every((id) => partition.replicas.includes(id))) return 'INVALID_REQUEST';
  if (!ids.includes(partition.leader)) return 'INVALID_REQUEST';
  if (asked.leaderRecoveryState !== 0 && asked.leaderRecoveryState !== 1) return 'INVALID_REQUEST';
  if (asked.leaderRecoveryState === 1 && (ids.length > 1 || partition.leaderRecoveryState === 0)) return 'INVALID_REQUEST';
  return isr.every((member) => mayJoin(state, member)) ? undefined : 'INELIGIBLE_REPLICA';
}

function mayJoin(state: ControllerState, { brokerId, brokerEpoch }: Member): boolean {
  const broker = state.image.brokers.get(brokerId);
  return isActive(broker) && (brokerEpoch === -1n || brokerEpoch === broker.epoch);
}
