/**
 * Agreement on one log, the metadata log, whose content it does not read: elections, replication, voters, snapshots, and how a cluster
 * comes to be. The core (RaftNode) decides; the shell (Raft) acts.
 */
export type { RaftListener } from './commit-feed.ts';
export { metadataLogConfig, metadataTopicId, metadataTopicName } from './metadata-log.ts';
export { MisfitError } from './misfit-error.ts';
export { Raft, type RaftOptions } from './raft.ts';
export type { RaftConfig, ReplicaKey, SnapshotId, Voter } from './types.ts';
