import { asKafkaError, type ErrorName, KafkaError } from '#protocol';

/** What clients of a coordinator are told when its partition refuses: all of these they answer by asking again, perhaps elsewhere. */
const told: Partial<Record<ErrorName, ErrorName>> = {
  NOT_ENOUGH_REPLICAS: 'COORDINATOR_NOT_AVAILABLE',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'COORDINATOR_NOT_AVAILABLE',
  REQUEST_TIMED_OUT: 'COORDINATOR_NOT_AVAILABLE',
  UNKNOWN_TOPIC_OR_PARTITION: 'COORDINATOR_NOT_AVAILABLE',
  NOT_LEADER_OR_FOLLOWER: 'NOT_COORDINATOR',
  KAFKA_STORAGE_ERROR: 'NOT_COORDINATOR',
  MESSAGE_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
  RECORD_LIST_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
};

/** An error of the coordinator's own partition, as its clients are to understand it. */
export function coordinatorError(thrown: unknown): KafkaError {
  const error = asKafkaError(thrown);
  const name = told[error.errorName];
  return name === undefined ? error : new KafkaError(name, error.message, { cause: error });
}
