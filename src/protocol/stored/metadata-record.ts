import { type DecodedOf, type InputOf, type Message, ProtocolError, Reader, Writer } from '../schema/index.ts';
import { abortTransactionRecord } from './abort-transaction-record.ts';
import { accessControlEntryRecord } from './access-control-entry-record.ts';
import { beginTransactionRecord } from './begin-transaction-record.ts';
import { brokerRegistrationChangeRecord } from './broker-registration-change-record.ts';
import { clearElrRecord } from './clear-elr-record.ts';
import { clientQuotaRecord } from './client-quota-record.ts';
import { configRecord } from './config-record.ts';
import { delegationTokenRecord } from './delegation-token-record.ts';
import { endTransactionRecord } from './end-transaction-record.ts';
import { featureLevelRecord } from './feature-level-record.ts';
import { fenceBrokerRecord } from './fence-broker-record.ts';
import { noOpRecord } from './no-op-record.ts';
import { partitionChangeRecord } from './partition-change-record.ts';
import { partitionRecord } from './partition-record.ts';
import { producerIdsRecord } from './producer-ids-record.ts';
import { registerBrokerRecord } from './register-broker-record.ts';
import { registerControllerRecord } from './register-controller-record.ts';
import { removeAccessControlEntryRecord } from './remove-access-control-entry-record.ts';
import { removeDelegationTokenRecord } from './remove-delegation-token-record.ts';
import { removeTopicRecord } from './remove-topic-record.ts';
import { removeUserScramCredentialRecord } from './remove-user-scram-credential-record.ts';
import { topicRecord } from './topic-record.ts';
import { unfenceBrokerRecord } from './unfence-broker-record.ts';
import { unregisterBrokerRecord } from './unregister-broker-record.ts';
import { unregisterControllerRecord } from './unregister-controller-record.ts';
import { userScramCredentialRecord } from './user-scram-credential-record.ts';
import { zkMigrationStateRecord } from './zk-migration-state-record.ts';

/** The records of the metadata log by their names, in the order of their keys. */
export const metadataRecords = {
  RegisterBrokerRecord: registerBrokerRecord,
  UnregisterBrokerRecord: unregisterBrokerRecord,
  TopicRecord: topicRecord,
  PartitionRecord: partitionRecord,
  ConfigRecord: configRecord,
  PartitionChangeRecord: partitionChangeRecord,
  FenceBrokerRecord: fenceBrokerRecord,
  UnfenceBrokerRecord: unfenceBrokerRecord,
  RemoveTopicRecord: removeTopicRecord,
  DelegationTokenRecord: delegationTokenRecord,
  UserScramCredentialRecord: userScramCredentialRecord,
  FeatureLevelRecord: featureLevelRecord,
  ClientQuotaRecord: clientQuotaRecord,
  ProducerIdsRecord: producerIdsRecord,
  BrokerRegistrationChangeRecord: brokerRegistrationChangeRecord,
  AccessControlEntryRecord: accessControlEntryRecord,
  RemoveAccessControlEntryRecord: removeAccessControlEntryRecord,
  NoOpRecord: noOpRecord,
  ZkMigrationStateRecord: zkMigrationStateRecord,
  RemoveUserScramCredentialRecord: removeUserScramCredentialRecord,
  BeginTransactionRecord: beginTransactionRecord,
  EndTransactionRecord: endTransactionRecord,
  AbortTransactionRecord: abortTransactionRecord,
  RemoveDelegationTokenRecord: removeDelegationTokenRecord,
  RegisterControllerRecord: registerControllerRecord,
  ClearElrRecord: clearElrRecord,
  UnregisterControllerRecord: unregisterControllerRecord,
};

type MetadataRecords = typeof metadataRecords;
export type MetadataRecordName = keyof MetadataRecords;

/** A record of the metadata log as it is read. */
export type MetadataRecord = { [Name in MetadataRecordName]: { name: Name; value: DecodedOf<MetadataRecords[Name]> } }[MetadataRecordName];

/** The first number of every metadata record: the version of the form that key, version and body stand in. */
const frameVersion = 1;

const recordsByKey = new Map<number, [MetadataRecordName, Message]>(
  Object.entries(metadataRecords).map(([name, record]) => [record.apiKey!, [name as MetadataRecordName, record]]),
);

/**
 * The value of a record in the metadata log: frame version, key and version as varints, then the body.
 * @throws KafkaError UNSUPPORTED_VERSION when the version has no room for what the value says
 */
export function encodeMetadataRecord<M extends Message>({
  record,
  version = record.versions.max,
  value,
}: {
  readonly record: M;
  /** The highest when left out. */
  readonly version?: number;
  readonly value: InputOf<M>;
}): Buffer {
  const writer = new Writer();
  writer.unsignedVarint(frameVersion);
  writer.unsignedVarint(record.apiKey!);
  writer.unsignedVarint(version);
  record.encode(version, writer, value);
  const pieces = writer.finish();
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/**
 * The inverse of {@link encodeMetadataRecord}.
 * @throws ProtocolError for malformed bytes, an unknown key, or bytes left over
 * @throws KafkaError UNSUPPORTED_VERSION for a version of the record that Kafka 4.4.0 does not have
 */
export function decodeMetadataRecord(buffer: Buffer): MetadataRecord {
  const reader = new Reader(buffer);
  const frame = reader.unsignedVarint();
  if (frame !== frameVersion) throw new ProtocolError(`a metadata record in a frame of version ${frame}, not ${frameVersion}`);
  const key = reader.unsignedVarint();
  const found = recordsByKey.get(key);
  if (found === undefined) throw new ProtocolError(`no metadata record has the key ${key}`);
  const [name, record] = found;
  const value = record.decode(reader.unsignedVarint(), reader);
  if (reader.remaining > 0) throw new ProtocolError(`${name}: ${reader.remaining} bytes after its end`);
  return { name, value } as MetadataRecord;
}
