import type { Message } from '../schema/index.ts';
import { abortTransactionRecord } from './abort-transaction-record.ts';
import { abortedTxn } from './aborted-txn.ts';
import { accessControlEntryRecord } from './access-control-entry-record.ts';
import { beginTransactionRecord } from './begin-transaction-record.ts';
import { brokerRegistrationChangeRecord } from './broker-registration-change-record.ts';
import { clearElrRecord } from './clear-elr-record.ts';
import { clientQuotaRecord } from './client-quota-record.ts';
import { configRecord } from './config-record.ts';
import { consumerGroupCurrentMemberAssignmentKey } from './consumer-group-current-member-assignment-key.ts';
import { consumerGroupCurrentMemberAssignmentValue } from './consumer-group-current-member-assignment-value.ts';
import { consumerGroupMemberMetadataKey } from './consumer-group-member-metadata-key.ts';
import { consumerGroupMemberMetadataValue } from './consumer-group-member-metadata-value.ts';
import { consumerGroupMetadataKey } from './consumer-group-metadata-key.ts';
import { consumerGroupMetadataValue } from './consumer-group-metadata-value.ts';
import { consumerGroupPartitionMetadataKey } from './consumer-group-partition-metadata-key.ts';
import { consumerGroupPartitionMetadataValue } from './consumer-group-partition-metadata-value.ts';
import { consumerGroupRegularExpressionKey } from './consumer-group-regular-expression-key.ts';
import { consumerGroupRegularExpressionValue } from './consumer-group-regular-expression-value.ts';
import { consumerGroupTargetAssignmentMemberKey } from './consumer-group-target-assignment-member-key.ts';
import { consumerGroupTargetAssignmentMemberValue } from './consumer-group-target-assignment-member-value.ts';
import { consumerGroupTargetAssignmentMetadataKey } from './consumer-group-target-assignment-metadata-key.ts';
import { consumerGroupTargetAssignmentMetadataValue } from './consumer-group-target-assignment-metadata-value.ts';
import { consumerProtocolAssignment } from './consumer-protocol-assignment.ts';
import { consumerProtocolSubscription } from './consumer-protocol-subscription.ts';
import { controlRecordTypeSchema } from './control-record-type-schema.ts';
import { defaultPrincipalData } from './default-principal-data.ts';
import { delegationTokenRecord } from './delegation-token-record.ts';
import { endTransactionRecord } from './end-transaction-record.ts';
import { endTxnMarker } from './end-txn-marker.ts';
import { featureLevelRecord } from './feature-level-record.ts';
import { fenceBrokerRecord } from './fence-broker-record.ts';
import { groupMetadataKey } from './group-metadata-key.ts';
import { groupMetadataValue } from './group-metadata-value.ts';
import { kRaftVersionRecord } from './kraft-version-record.ts';
import { leaderChangeMessage } from './leader-change-message.ts';
import { legacyOffsetCommitKey } from './legacy-offset-commit-key.ts';
import { legacyOffsetCommitValue } from './legacy-offset-commit-value.ts';
import { noOpRecord } from './no-op-record.ts';
import { offsetCommitKey } from './offset-commit-key.ts';
import { offsetCommitValue } from './offset-commit-value.ts';
import { partitionChangeRecord } from './partition-change-record.ts';
import { partitionRecord } from './partition-record.ts';
import { producerIdsRecord } from './producer-ids-record.ts';
import { quorumStateData } from './quorum-state-data.ts';
import { registerBrokerRecord } from './register-broker-record.ts';
import { registerControllerRecord } from './register-controller-record.ts';
import { removeAccessControlEntryRecord } from './remove-access-control-entry-record.ts';
import { removeDelegationTokenRecord } from './remove-delegation-token-record.ts';
import { removeTopicRecord } from './remove-topic-record.ts';
import { removeUserScramCredentialRecord } from './remove-user-scram-credential-record.ts';
import { shareGroupCurrentMemberAssignmentKey } from './share-group-current-member-assignment-key.ts';
import { shareGroupCurrentMemberAssignmentValue } from './share-group-current-member-assignment-value.ts';
import { shareGroupMemberMetadataKey } from './share-group-member-metadata-key.ts';
import { shareGroupMemberMetadataValue } from './share-group-member-metadata-value.ts';
import { shareGroupMetadataKey } from './share-group-metadata-key.ts';
import { shareGroupMetadataValue } from './share-group-metadata-value.ts';
import { shareGroupStatePartitionMetadataKey } from './share-group-state-partition-metadata-key.ts';
import { shareGroupStatePartitionMetadataValue } from './share-group-state-partition-metadata-value.ts';
import { shareGroupTargetAssignmentMemberKey } from './share-group-target-assignment-member-key.ts';
import { shareGroupTargetAssignmentMemberValue } from './share-group-target-assignment-member-value.ts';
import { shareGroupTargetAssignmentMetadataKey } from './share-group-target-assignment-metadata-key.ts';
import { shareGroupTargetAssignmentMetadataValue } from './share-group-target-assignment-metadata-value.ts';
import { shareSnapshotKey } from './share-snapshot-key.ts';
import { shareSnapshotValue } from './share-snapshot-value.ts';
import { shareUpdateKey } from './share-update-key.ts';
import { shareUpdateValue } from './share-update-value.ts';
import { snapshotFooterRecord } from './snapshot-footer-record.ts';
import { snapshotHeaderRecord } from './snapshot-header-record.ts';
import { streamsGroupCurrentMemberAssignmentKey } from './streams-group-current-member-assignment-key.ts';
import { streamsGroupCurrentMemberAssignmentValue } from './streams-group-current-member-assignment-value.ts';
import { streamsGroupMemberMetadataKey } from './streams-group-member-metadata-key.ts';
import { streamsGroupMemberMetadataValue } from './streams-group-member-metadata-value.ts';
import { streamsGroupMetadataKey } from './streams-group-metadata-key.ts';
import { streamsGroupMetadataValue } from './streams-group-metadata-value.ts';
import { streamsGroupTargetAssignmentMemberKey } from './streams-group-target-assignment-member-key.ts';
import { streamsGroupTargetAssignmentMemberValue } from './streams-group-target-assignment-member-value.ts';
import { streamsGroupTargetAssignmentMetadataKey } from './streams-group-target-assignment-metadata-key.ts';
import { streamsGroupTargetAssignmentMetadataValue } from './streams-group-target-assignment-metadata-value.ts';
import { streamsGroupTopologyKey } from './streams-group-topology-key.ts';
import { streamsGroupTopologyValue } from './streams-group-topology-value.ts';
import { topicRecord } from './topic-record.ts';
import { transactionLogKey } from './transaction-log-key.ts';
import { transactionLogValue } from './transaction-log-value.ts';
import { unfenceBrokerRecord } from './unfence-broker-record.ts';
import { unregisterBrokerRecord } from './unregister-broker-record.ts';
import { unregisterControllerRecord } from './unregister-controller-record.ts';
import { userScramCredentialRecord } from './user-scram-credential-record.ts';
import { votersRecord } from './voters-record.ts';
import { zkMigrationStateRecord } from './zk-migration-state-record.ts';

/** All that Kafka 4.4.0 defines to stand elsewhere than in requests: records of its internal logs, control records, files, data within fields. */
export const storedMessages: readonly Message[] = [
  abortedTxn,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  controlRecordTypeSchema,
  defaultPrincipalData,
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
  groupMetadataKey,
  groupMetadataValue,
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
  abortTransactionRecord,
  accessControlEntryRecord,
  beginTransactionRecord,
  brokerRegistrationChangeRecord,
  clearElrRecord,
  clientQuotaRecord,
  configRecord,
  delegationTokenRecord,
  endTransactionRecord,
  featureLevelRecord,
  fenceBrokerRecord,
  noOpRecord,
  partitionChangeRecord,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  registerControllerRecord,
  removeAccessControlEntryRecord,
  removeDelegationTokenRecord,
  removeTopicRecord,
  removeUserScramCredentialRecord,
  topicRecord,
  unfenceBrokerRecord,
  unregisterBrokerRecord,
  unregisterControllerRecord,
  userScramCredentialRecord,
  zkMigrationStateRecord,
  quorumStateData,
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
  transactionLogKey,
  transactionLogValue,
];
