import { AssertionError } from 'node:assert/strict';

/** What the table says about one error. */
interface ErrorEntry {
  /** The number on the wire. */
  readonly code: number;
  /** May the same request succeed when a client sends it again, perhaps after fetching metadata? */
  readonly retriable: boolean;
  readonly sentence: string;
}

/** An error that will be the same when the request is repeated. */
function lasting(code: number, sentence: string): ErrorEntry {
  return { code, retriable: false, sentence };
}

/** An error that clients of Apache Kafka answer with another attempt. */
function passing(code: number, sentence: string): ErrorEntry {
  return { code, retriable: true, sentence };
}

/**
 * Every error of Apache Kafka 4.4.0 by its name. Names, codes and retriability are those of Kafka's `Errors`, which a test
 * compares against a list made by Kafka's own class; the sentences are ours.
 */
const errors = {
  UNKNOWN_SERVER_ERROR: lasting(-1, 'The broker failed in a way it did not expect; its log says more.'),
  NONE: lasting(0, 'No error.'),
  OFFSET_OUT_OF_RANGE: lasting(1, 'The offset lies outside what the log holds.'),
  CORRUPT_MESSAGE: passing(2, 'A record batch is damaged or malformed, or lacks a key that its topic demands.'),
  UNKNOWN_TOPIC_OR_PARTITION: passing(3, 'This broker knows no such topic or partition.'),
  INVALID_FETCH_SIZE: lasting(4, 'The size asked for in a fetch is not valid.'),
  LEADER_NOT_AVAILABLE: passing(5, 'The partition has no leader at the moment.'),
  NOT_LEADER_OR_FOLLOWER: passing(6, 'This broker does not lead the partition, or has no replica of it.'),
  REQUEST_TIMED_OUT: passing(7, 'The request was not completed in time.'),
  BROKER_NOT_AVAILABLE: lasting(8, 'The broker is not available.'),
  REPLICA_NOT_AVAILABLE: passing(9, 'The replica is not available on this broker.'),
  MESSAGE_TOO_LARGE: lasting(10, 'A record batch is larger than the topic or broker allows.'),
  STALE_CONTROLLER_EPOCH: lasting(11, 'The request comes from a controller that has been replaced.'),
  OFFSET_METADATA_TOO_LARGE: lasting(12, 'The metadata string of a committed offset is too long.'),
  NETWORK_EXCEPTION: passing(13, 'The connection ended before an answer came.'),
  COORDINATOR_LOAD_IN_PROGRESS: passing(14, 'The coordinator is still reading its log.'),
  COORDINATOR_NOT_AVAILABLE: passing(15, 'The coordinator is not available.'),
  NOT_COORDINATOR: passing(16, 'This broker is not the coordinator asked for.'),
  INVALID_TOPIC_EXCEPTION: lasting(17, 'The topic name is not allowed, or the topic does not permit the operation.'),
  RECORD_LIST_TOO_LARGE: lasting(18, 'The record batch is larger than one log segment may be.'),
  NOT_ENOUGH_REPLICAS: passing(19, 'Nothing was written: fewer replicas are in sync than min.insync.replicas demands.'),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: passing(20, 'The records were written, but then to fewer in-sync replicas than demanded.'),
  INVALID_REQUIRED_ACKS: lasting(21, 'The acks of a produce request must be 0, 1 or -1.'),
  ILLEGAL_GENERATION: lasting(22, 'The generation named is not the current one of the group.'),
  INCONSISTENT_GROUP_PROTOCOL: lasting(23, 'The member shares no protocol with the other members of the group.'),
  INVALID_GROUP_ID: lasting(24, 'The group id is not allowed.'),
  UNKNOWN_MEMBER_ID: lasting(25, 'The group has no member with this id.'),
  INVALID_SESSION_TIMEOUT: lasting(26, 'The session timeout lies outside the limits of this broker.'),
  REBALANCE_IN_PROGRESS: lasting(27, 'The group is rebalancing; the member must join again.'),
  INVALID_COMMIT_OFFSET_SIZE: lasting(28, 'The offset commit is too large to be stored.'),
  TOPIC_AUTHORIZATION_FAILED: lasting(29, 'The principal may not do this with the topic.'),
  GROUP_AUTHORIZATION_FAILED: lasting(30, 'The principal may not do this with the group.'),
  CLUSTER_AUTHORIZATION_FAILED: lasting(31, 'The principal may not do this with the cluster.'),
  INVALID_TIMESTAMP: lasting(32, 'A record timestamp lies outside what the topic accepts.'),
  UNSUPPORTED_SASL_MECHANISM: lasting(33, 'The broker does not offer this SASL mechanism.'),
  ILLEGAL_SASL_STATE: lasting(34, 'The request does not fit the present step of the SASL exchange.'),
  UNSUPPORTED_VERSION: lasting(35, 'The broker does not serve this API, or not in this version.'),
  TOPIC_ALREADY_EXISTS: lasting(36, 'A topic of this name exists already.'),
  INVALID_PARTITIONS: lasting(37, 'The number of partitions is not valid.'),
  INVALID_REPLICATION_FACTOR: lasting(38, 'The replication factor is below 1 or above the number of usable brokers.'),
  INVALID_REPLICA_ASSIGNMENT: lasting(39, 'The assignment of replicas to brokers is not valid.'),
  INVALID_CONFIG: lasting(40, 'A configuration value is not valid.'),
  NOT_CONTROLLER: passing(41, 'This broker is not the active controller.'),
  INVALID_REQUEST: lasting(42, 'The request contradicts itself or lacks something it needs.'),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: lasting(43, 'The record format on this broker does not support the request.'),
  POLICY_VIOLATION: lasting(44, 'A policy of this cluster forbids these parameters.'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: lasting(45, 'The sequence of an idempotent batch does not follow the last one.'),
  DUPLICATE_SEQUENCE_NUMBER: lasting(46, 'The sequence of an idempotent batch was used before.'),
  INVALID_PRODUCER_EPOCH: lasting(47, 'The producer epoch is older than the one this broker knows.'),
  INVALID_TXN_STATE: lasting(48, 'The transaction is not in a state that permits this.'),
  INVALID_PRODUCER_ID_MAPPING: lasting(49, 'The producer id does not belong to the transactional id.'),
  INVALID_TRANSACTION_TIMEOUT: lasting(50, 'The transaction timeout lies outside the limits of this broker.'),
  CONCURRENT_TRANSACTIONS: passing(51, 'Another operation on the same transaction is not finished yet.'),
  TRANSACTION_COORDINATOR_FENCED: lasting(52, 'The sender no longer coordinates this producer.'),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: lasting(53, 'The principal may not use the transactional id.'),
  SECURITY_DISABLED: lasting(54, 'No authorizer is configured on this broker.'),
  OPERATION_NOT_ATTEMPTED: lasting(55, 'Nothing was tried, because another part of the request failed first.'),
  KAFKA_STORAGE_ERROR: passing(56, 'A disk operation on the log directory failed.'),
  LOG_DIR_NOT_FOUND: lasting(57, 'The broker has no such log directory.'),
  SASL_AUTHENTICATION_FAILED: lasting(58, 'The credentials were not accepted.'),
  UNKNOWN_PRODUCER_ID: lasting(59, 'The partition holds no state of this producer any more.'),
  REASSIGNMENT_IN_PROGRESS: lasting(60, 'A reassignment of the partition is under way.'),
  DELEGATION_TOKEN_AUTH_DISABLED: lasting(61, 'Delegation tokens are not enabled.'),
  DELEGATION_TOKEN_NOT_FOUND: lasting(62, 'There is no such delegation token.'),
  DELEGATION_TOKEN_OWNER_MISMATCH: lasting(63, 'The principal neither owns the delegation token nor may renew it.'),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: lasting(64, 'Delegation tokens cannot be managed over this kind of connection.'),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: lasting(65, 'The principal may not use the delegation token.'),
  DELEGATION_TOKEN_EXPIRED: lasting(66, 'The delegation token has expired.'),
  INVALID_PRINCIPAL_TYPE: lasting(67, 'Principals of this type are not supported here.'),
  NON_EMPTY_GROUP: lasting(68, 'The group still has members.'),
  GROUP_ID_NOT_FOUND: lasting(69, 'There is no such group.'),
  FETCH_SESSION_ID_NOT_FOUND: passing(70, 'There is no such fetch session.'),
  INVALID_FETCH_SESSION_EPOCH: passing(71, 'The epoch of the fetch session is not the expected one.'),
  LISTENER_NOT_FOUND: passing(72, 'The leader has no listener of the name that this request came in by.'),
  TOPIC_DELETION_DISABLED: lasting(73, 'Deleting topics is switched off.'),
  FENCED_LEADER_EPOCH: passing(74, 'The leader epoch in the request is older than the one of this broker.'),
  UNKNOWN_LEADER_EPOCH: passing(75, 'The leader epoch in the request is newer than the one of this broker.'),
  UNSUPPORTED_COMPRESSION_TYPE: lasting(76, 'The codec of a record batch is unknown, or not allowed in this version.'),
  STALE_BROKER_EPOCH: lasting(77, 'The broker has registered again since; its epoch has moved on.'),
  OFFSET_NOT_AVAILABLE: passing(78, 'The leader was elected recently and cannot vouch for this offset yet.'),
  MEMBER_ID_REQUIRED: lasting(79, 'The member must join again with the id in this answer.'),
  PREFERRED_LEADER_NOT_AVAILABLE: passing(80, 'The preferred leader is not available.'),
  GROUP_MAX_SIZE_REACHED: lasting(81, 'The group has as many members as it may have.'),
  FENCED_INSTANCE_ID: lasting(82, 'Another member has taken over this group.instance.id.'),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: passing(83, 'No replica that may become leader is available.'),
  ELECTION_NOT_NEEDED: passing(84, 'The partition has the leader it should have.'),
  NO_REASSIGNMENT_IN_PROGRESS: lasting(85, 'There is no reassignment of the partition to act upon.'),
  GROUP_SUBSCRIBED_TO_TOPIC: lasting(86, 'The group is subscribed to the topic, so its offsets cannot be deleted.'),
  INVALID_RECORD: lasting(87, 'A record was refused because it fails a check of the broker.'),
  UNSTABLE_OFFSET_COMMIT: passing(88, 'Offsets of an open transaction have to be decided first.'),
  THROTTLING_QUOTA_EXCEEDED: passing(89, 'A quota is used up; wait for the throttle time.'),
  PRODUCER_FENCED: lasting(90, 'A producer with the same transactional id started later and replaces this one.'),
  RESOURCE_NOT_FOUND: lasting(91, 'The request names something that does not exist.'),
  DUPLICATE_RESOURCE: lasting(92, 'The request names the same thing twice.'),
  UNACCEPTABLE_CREDENTIAL: lasting(93, 'The credential does not meet the demands of this cluster.'),
  INCONSISTENT_VOTER_SET: lasting(94, 'Sender or receiver is not a voter, as this request supposes.'),
  INVALID_UPDATE_VERSION: lasting(95, 'The version to update to is not valid.'),
  FEATURE_UPDATE_FAILED: lasting(96, 'The finalized features could not be updated.'),
  PRINCIPAL_DESERIALIZATION_FAILURE: lasting(97, 'The principal in a forwarded request could not be read.'),
  SNAPSHOT_NOT_FOUND: lasting(98, 'There is no such snapshot.'),
  POSITION_OUT_OF_RANGE: lasting(99, 'The position lies outside the snapshot.'),
  UNKNOWN_TOPIC_ID: passing(100, 'This broker knows no topic with this id.'),
  DUPLICATE_BROKER_REGISTRATION: lasting(101, 'Another live broker is registered under this id.'),
  BROKER_ID_NOT_REGISTERED: lasting(102, 'No broker is registered under this id.'),
  INCONSISTENT_TOPIC_ID: passing(103, 'The topic id in the request is not the one of the log.'),
  INCONSISTENT_CLUSTER_ID: lasting(104, 'The request is meant for a cluster with another id.'),
  TRANSACTIONAL_ID_NOT_FOUND: lasting(105, 'There is no such transactional id.'),
  FETCH_SESSION_TOPIC_ID_ERROR: passing(106, 'The fetch session mixes topic names and topic ids.'),
  INELIGIBLE_REPLICA: lasting(107, 'A replica proposed for the ISR may not be in it.'),
  NEW_LEADER_ELECTED: lasting(108, 'The partition was altered, and has another leader since.'),
  OFFSET_MOVED_TO_TIERED_STORAGE: lasting(109, 'The offset is only held in tiered storage.'),
  FENCED_MEMBER_EPOCH: lasting(110, 'The member epoch is not the one the coordinator knows; give up all partitions and join again.'),
  UNRELEASED_INSTANCE_ID: lasting(111, 'A member with this instance id has not left the group yet.'),
  UNSUPPORTED_ASSIGNOR: lasting(112, 'The group does not support this assignor or its version.'),
  STALE_MEMBER_EPOCH: lasting(113, 'The member epoch is out of date; retry after the next heartbeat has brought the current one.'),
  MISMATCHED_ENDPOINT_TYPE: lasting(114, 'The request went to the wrong kind of endpoint.'),
  UNSUPPORTED_ENDPOINT_TYPE: lasting(115, 'Endpoints of this type are not supported.'),
  UNKNOWN_CONTROLLER_ID: lasting(116, 'No controller with this id is known.'),
  UNKNOWN_SUBSCRIPTION_ID: lasting(117, 'The telemetry subscription id is invalid or out of date.'),
  TELEMETRY_TOO_LARGE: lasting(118, 'The telemetry sent is larger than this broker accepts.'),
  INVALID_REGISTRATION: lasting(119, 'The controller rejects the registration of this broker.'),
  TRANSACTION_ABORTABLE: lasting(120, 'The transaction cannot go on, but can be aborted, and a new one begun.'),
  INVALID_RECORD_STATE: lasting(121, 'The record is not in a state in which it can be acknowledged so.'),
  SHARE_SESSION_NOT_FOUND: passing(122, 'There is no such share session.'),
  INVALID_SHARE_SESSION_EPOCH: passing(123, 'The epoch of the share session is not the expected one.'),
  FENCED_STATE_EPOCH: lasting(124, 'The state epoch in the request is not the one the coordinator knows.'),
  INVALID_VOTER_KEY: lasting(125, 'The voter key names another replica than the one that received it.'),
  DUPLICATE_VOTER: lasting(126, 'The voter is in the voter set already.'),
  VOTER_NOT_FOUND: lasting(127, 'The voter is not in the voter set.'),
  INVALID_REGULAR_EXPRESSION: lasting(128, 'The regular expression is not valid.'),
  REBOOTSTRAP_REQUIRED: lasting(
    129,
    'The metadata of the client is too old to go on with; it must start again from its bootstrap servers.',
  ),
  STREAMS_INVALID_TOPOLOGY: lasting(130, 'The streams topology is not valid.'),
  STREAMS_INVALID_TOPOLOGY_EPOCH: lasting(131, 'The epoch of the streams topology is not valid.'),
  STREAMS_TOPOLOGY_FENCED: lasting(132, 'The epoch of the streams topology is out of date.'),
  SHARE_SESSION_LIMIT_REACHED: passing(133, 'This broker holds as many share sessions as it may.'),
  GROUP_DELETION_FAILED: lasting(134, 'A group could not be deleted; the message beside its result says why.'),
  STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED: lasting(135, 'The description of the streams topology could not be stored.'),
  CONTROLLER_ID_NOT_REGISTERED: lasting(136, 'No controller is registered under this id.'),
} satisfies Record<string, ErrorEntry>;

/** The name of one of Kafka's errors, as in `NOT_LEADER_OR_FOLLOWER`. */
export type ErrorName = keyof typeof errors;

/** All names, in the order of their codes. */
export const errorNames = Object.keys(errors) as readonly ErrorName[];

const nameByCode = new Map<number, ErrorName>(errorNames.map((name) => [errors[name].code, name]));

/** The number that stands for an error on the wire. */
export function errorCode(name: ErrorName): number {
  return errors[name].code;
}

/** The name of a code. A code that no release up to Kafka 4.4 defines is `UNKNOWN_SERVER_ERROR`, as Kafka's own clients read it. */
export function errorName(code: number): ErrorName {
  return nameByCode.get(code) ?? 'UNKNOWN_SERVER_ERROR';
}

/** Do clients of Apache Kafka try again after this error? */
export function isRetriable(name: ErrorName): boolean {
  return errors[name].retriable;
}

/** One sentence for people. */
export function errorSentence(name: ErrorName): string {
  return errors[name].sentence;
}

/** A failure that becomes its API's error answer. Without a message it says the sentence of the table. */
export class KafkaError extends Error {
  readonly errorName: ErrorName;

  constructor(name: ErrorName, message?: string, options?: ErrorOptions) {
    super(message ?? errorSentence(name), options);
    this.name = 'KafkaError';
    this.errorName = name;
  }
}

/**
 * The value itself when it is a KafkaError; else an `UNKNOWN_SERVER_ERROR` with the value as its cause.
 * @throws AssertionError when that is what it is given: a broken invariant is nobody's answer, it stops the process
 */
export function asKafkaError(thrown: unknown): KafkaError {
  if (thrown instanceof AssertionError) throw thrown;
  if (thrown instanceof KafkaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new KafkaError('UNKNOWN_SERVER_ERROR', message, { cause: thrown });
}
