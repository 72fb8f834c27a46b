/**
 * What a client of Kafka does, whosever cluster it is: finds leaders and coordinators and asks again when they move; looks after groups, their offsets and lag; reads as a
 * member of a group or without one; writes, also exactly once. http/ uses it through a broker, cli/ over the network.
 */
export type { Cluster, SendOptions } from './cluster.ts';
export type { ReadBatch } from './committed-records.ts';
export { GroupConsumer } from './consumer/group-consumer.ts';
export { exactJson } from './exact-json.ts';
export { batchesOf, type FetchedPartition, fetchFrom } from './fetch.ts';
export { deleteGroup } from './groups/delete-group.ts';
export { type DescribedGroup, describeGroup } from './groups/describe-groups.ts';
export { hostOnly } from './groups/in-use.ts';
export { type Lag, lagOf, UnreadRecords } from './groups/lag.ts';
export { listAllGroups } from './groups/list-groups.ts';
export { parseDatetime, parseDuration } from './groups/moments.ts';
export { committedOffsets, deleteOffsets, type OffsetToCommit } from './groups/offsets.ts';
export { type GroupOffset, type GroupOverview, groupAsJson, overviewAsJson, overviewOf } from './groups/overview.ts';
export {
  carryOutReset,
  commitAsNobody,
  type PlannedOffset,
  partitionsIn,
  planReset,
  type ResetScope,
  type ResetTarget,
} from './groups/reset.ts';
export { type Asked, askLeaders, failed, type PartitionAnswer } from './leaders.ts';
export { earliest, type Isolation, latest, offsetsFor } from './list-offsets.ts';
export { type KnownTopic, nameOf, readMetadata, type TopicPartition } from './metadata.ts';
export { murmur2, partitionForRecordKey } from './partitioner.ts';
export { CopyRefused, ExactCopy } from './producer/exact-copy.ts';
export { Partitioner } from './producer/partitioner.ts';
export { newIdentity, Producer } from './producer/producer.ts';
export { type ReadRange, TopicReader } from './reader/topic-reader.ts';
export { noAnswer, RemoteCluster } from './remote-cluster.ts';
