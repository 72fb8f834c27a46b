import type { Dispatcher } from '../dispatcher.ts';
import type { Handler } from '../handler.ts';
import { handleAddPartitionsToTxn } from './add-partitions-to-txn.ts';
import { handleApiVersions } from './api-versions.ts';
import { handleConsumerGroupDescribe } from './consumer-group-describe.ts';
import { handleConsumerGroupHeartbeat } from './consumer-group-heartbeat.ts';
import { controllerHandlers } from './controller.ts';
import { handleDeleteGroups } from './delete-groups.ts';
import { handleDeleteRecords } from './delete-records.ts';
import { handleDescribeCluster } from './describe-cluster.ts';
import { handleDescribeConfigs } from './describe-configs.ts';
import { handleDescribeGroups } from './describe-groups.ts';
import { handleDescribeLogDirs } from './describe-log-dirs.ts';
import { handleDescribeProducers } from './describe-producers.ts';
import { handleDescribeTopicPartitions } from './describe-topic-partitions.ts';
import { handleEnvelope } from './envelope.ts';
import { handleFetch } from './fetch.ts';
import { handleFindCoordinator } from './find-coordinator.ts';
import { handleHeartbeat } from './heartbeat.ts';
import { handleInitProducerId } from './init-producer-id.ts';
import { handleJoinGroup } from './join-group.ts';
import { handleLeaveGroup } from './leave-group.ts';
import { handleListGroups } from './list-groups.ts';
import { handleListOffsets } from './list-offsets.ts';
import { handleMetadata } from './metadata.ts';
import { handleOffsetCommit } from './offset-commit.ts';
import { handleOffsetDelete } from './offset-delete.ts';
import { handleOffsetFetch } from './offset-fetch.ts';
import { handleOffsetForLeaderEpoch } from './offset-for-leader-epoch.ts';
import { handleProduce } from './produce.ts';
import { raftHandlers } from './raft.ts';
import { handleSyncGroup } from './sync-group.ts';
import { handleAddOffsetsToTxn, handleDescribeTransactions, handleEndTxn, handleListTransactions } from './transactions.ts';
import { handleTxnOffsetCommit } from './txn-offset-commit.ts';
import { handleWriteTxnMarkers } from './write-txn-markers.ts';

/** Everything that a broker serves, in the order of the API keys. The answer to ApiVersions follows from it. */
export function allHandlers(dispatcher: () => Dispatcher): readonly Handler[] {
  const handlers = [
    handleApiVersions(() => dispatcher().handlers),
    handleDeleteRecords,
    handleConsumerGroupDescribe,
    handleConsumerGroupHeartbeat,
    handleDeleteGroups,
    handleDescribeGroups,
    handleHeartbeat,
    handleJoinGroup,
    handleLeaveGroup,
    handleListGroups,
    handleOffsetCommit,
    handleOffsetDelete,
    handleOffsetFetch,
    handleSyncGroup,
    handleDescribeCluster,
    handleDescribeConfigs,
    handleDescribeLogDirs,
    handleDescribeProducers,
    handleDescribeTopicPartitions,
    handleEnvelope(dispatcher),
    handleFetch,
    handleFindCoordinator,
    handleInitProducerId,
    handleListOffsets,
    handleMetadata,
    handleOffsetForLeaderEpoch,
    handleProduce,
    handleTxnOffsetCommit,
    handleWriteTxnMarkers,
    handleAddPartitionsToTxn,
    handleAddOffsetsToTxn,
    handleEndTxn,
    handleDescribeTransactions,
    handleListTransactions,
    ...controllerHandlers,
    ...raftHandlers,
  ] as unknown as Handler[];
  return handlers.sort((a, b) => a.api.key - b.api.key);
}
