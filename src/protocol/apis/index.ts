import type { Api } from '../schema/index.ts';
import { addOffsetsToTxn } from './add-offsets-to-txn.ts';
import { addPartitionsToTxn } from './add-partitions-to-txn.ts';
import { addRaftVoter } from './add-raft-voter.ts';
import { allocateProducerIds } from './allocate-producer-ids.ts';
import { alterClientQuotas } from './alter-client-quotas.ts';
import { alterConfigs } from './alter-configs.ts';
import { alterPartition } from './alter-partition.ts';
import { alterPartitionReassignments } from './alter-partition-reassignments.ts';
import { alterReplicaLogDirs } from './alter-replica-log-dirs.ts';
import { alterShareGroupOffsets } from './alter-share-group-offsets.ts';
import { alterUserScramCredentials } from './alter-user-scram-credentials.ts';
import { apiVersions } from './api-versions.ts';
import { assignReplicasToDirs } from './assign-replicas-to-dirs.ts';
import { beginQuorumEpoch } from './begin-quorum-epoch.ts';
import { brokerHeartbeat } from './broker-heartbeat.ts';
import { brokerRegistration } from './broker-registration.ts';
import { consumerGroupDescribe } from './consumer-group-describe.ts';
import { consumerGroupHeartbeat } from './consumer-group-heartbeat.ts';
import { controllerRegistration } from './controller-registration.ts';
import { createAcls } from './create-acls.ts';
import { createDelegationToken } from './create-delegation-token.ts';
import { createPartitions } from './create-partitions.ts';
import { createTopics } from './create-topics.ts';
import { deleteAcls } from './delete-acls.ts';
import { deleteGroups } from './delete-groups.ts';
import { deleteRecords } from './delete-records.ts';
import { deleteShareGroupOffsets } from './delete-share-group-offsets.ts';
import { deleteShareGroupState } from './delete-share-group-state.ts';
import { deleteTopics } from './delete-topics.ts';
import { describeAcls } from './describe-acls.ts';
import { describeClientQuotas } from './describe-client-quotas.ts';
import { describeCluster } from './describe-cluster.ts';
import { describeConfigs } from './describe-configs.ts';
import { describeDelegationToken } from './describe-delegation-token.ts';
import { describeGroups } from './describe-groups.ts';
import { describeLogDirs } from './describe-log-dirs.ts';
import { describeProducers } from './describe-producers.ts';
import { describeQuorum } from './describe-quorum.ts';
import { describeShareGroupOffsets } from './describe-share-group-offsets.ts';
import { describeTopicPartitions } from './describe-topic-partitions.ts';
import { describeTransactions } from './describe-transactions.ts';
import { describeUserScramCredentials } from './describe-user-scram-credentials.ts';
import { electLeaders } from './elect-leaders.ts';
import { endQuorumEpoch } from './end-quorum-epoch.ts';
import { endTxn } from './end-txn.ts';
import { envelope } from './envelope.ts';
import { expireDelegationToken } from './expire-delegation-token.ts';
import { fetch } from './fetch.ts';
import { fetchSnapshot } from './fetch-snapshot.ts';
import { findCoordinator } from './find-coordinator.ts';
import { getTelemetrySubscriptions } from './get-telemetry-subscriptions.ts';
import { heartbeat } from './heartbeat.ts';
import { incrementalAlterConfigs } from './incremental-alter-configs.ts';
import { initProducerId } from './init-producer-id.ts';
import { initializeShareGroupState } from './initialize-share-group-state.ts';
import { joinGroup } from './join-group.ts';
import { leaveGroup } from './leave-group.ts';
import { listConfigResources } from './list-config-resources.ts';
import { listGroups } from './list-groups.ts';
import { listOffsets } from './list-offsets.ts';
import { listPartitionReassignments } from './list-partition-reassignments.ts';
import { listTransactions } from './list-transactions.ts';
import { metadata } from './metadata.ts';
import { offsetCommit } from './offset-commit.ts';
import { offsetDelete } from './offset-delete.ts';
import { offsetFetch } from './offset-fetch.ts';
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts';
import { produce } from './produce.ts';
import { pushTelemetry } from './push-telemetry.ts';
import { readShareGroupState } from './read-share-group-state.ts';
import { readShareGroupStateSummary } from './read-share-group-state-summary.ts';
import { removeRaftVoter } from './remove-raft-voter.ts';
import { renewDelegationToken } from './renew-delegation-token.ts';
import { saslAuthenticate } from './sasl-authenticate.ts';
import { saslHandshake } from './sasl-handshake.ts';
import { shareAcknowledge } from './share-acknowledge.ts';
import { shareFetch } from './share-fetch.ts';
import { shareGroupDescribe } from './share-group-describe.ts';
import { shareGroupHeartbeat } from './share-group-heartbeat.ts';
import { streamsGroupDescribe } from './streams-group-describe.ts';
import { streamsGroupHeartbeat } from './streams-group-heartbeat.ts';
import { streamsGroupTopologyDescriptionUpdate } from './streams-group-topology-description-update.ts';
import { syncGroup } from './sync-group.ts';
import { txnOffsetCommit } from './txn-offset-commit.ts';
import { unregisterBroker } from './unregister-broker.ts';
import { unregisterController } from './unregister-controller.ts';
import { updateFeatures } from './update-features.ts';
import { updateRaftVoter } from './update-raft-voter.ts';
import { vote } from './vote.ts';
import { writeShareGroupState } from './write-share-group-state.ts';
import { writeTxnMarkers } from './write-txn-markers.ts';

/** Every API of Kafka 4.4.0 by its key, in the order of keys. */
export const allApis: ReadonlyMap<number, Api> = new Map(
  [
    produce,
    fetch,
    listOffsets,
    metadata,
    offsetCommit,
    offsetFetch,
    findCoordinator,
    joinGroup,
    heartbeat,
    leaveGroup,
    syncGroup,
    describeGroups,
    listGroups,
    saslHandshake,
    apiVersions,
    createTopics,
    deleteTopics,
    deleteRecords,
    initProducerId,
    offsetForLeaderEpoch,
    addPartitionsToTxn,
    addOffsetsToTxn,
    endTxn,
    writeTxnMarkers,
    txnOffsetCommit,
    describeAcls,
    createAcls,
    deleteAcls,
    describeConfigs,
    alterConfigs,
    alterReplicaLogDirs,
    describeLogDirs,
    saslAuthenticate,
    createPartitions,
    createDelegationToken,
    renewDelegationToken,
    expireDelegationToken,
    describeDelegationToken,
    deleteGroups,
    electLeaders,
    incrementalAlterConfigs,
    alterPartitionReassignments,
    listPartitionReassignments,
    offsetDelete,
    describeClientQuotas,
    alterClientQuotas,
    describeUserScramCredentials,
    alterUserScramCredentials,
    vote,
    beginQuorumEpoch,
    endQuorumEpoch,
    describeQuorum,
    alterPartition,
    updateFeatures,
    envelope,
    fetchSnapshot,
    describeCluster,
    describeProducers,
    brokerRegistration,
    brokerHeartbeat,
    unregisterBroker,
    describeTransactions,
    listTransactions,
    allocateProducerIds,
    consumerGroupHeartbeat,
    consumerGroupDescribe,
    controllerRegistration,
    getTelemetrySubscriptions,
    pushTelemetry,
    assignReplicasToDirs,
    listConfigResources,
    describeTopicPartitions,
    shareGroupHeartbeat,
    shareGroupDescribe,
    shareFetch,
    shareAcknowledge,
    addRaftVoter,
    removeRaftVoter,
    updateRaftVoter,
    initializeShareGroupState,
    readShareGroupState,
    writeShareGroupState,
    deleteShareGroupState,
    readShareGroupStateSummary,
    streamsGroupHeartbeat,
    streamsGroupDescribe,
    describeShareGroupOffsets,
    alterShareGroupOffsets,
    deleteShareGroupOffsets,
    streamsGroupTopologyDescriptionUpdate,
    unregisterController,
  ].map((api: Api) => [api.key, api]),
);

/** APIs that Kafka has removed. Their keys are not used again. */
export const removedApis: readonly { readonly key: number; readonly name: string }[] = [
  { key: 4, name: 'LeaderAndIsr' },
  { key: 5, name: 'StopReplica' },
  { key: 6, name: 'UpdateMetadata' },
  { key: 7, name: 'ControlledShutdown' },
];

export function apiByKey(key: number): Api | undefined {
  return allApis.get(key);
}
