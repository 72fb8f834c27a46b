import { KafkaError } from '#protocol';

/** A data directory that cannot be opened as asked; the message says which, why, and what to do. */
export class LogDirectoryError extends Error {
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogDirectoryError';
    this.path = path;
  }
}

/**
 * The disk is full. What was being written is rolled back and nothing is lost; once there is room the same call works.
 *
 * Its error name is KAFKA_STORAGE_ERROR: in Kafka's table it is retriable and says for certain that nothing was appended, every client
 * retries it with the same sequence (after asking for metadata again, so that a moved leader is found), and it names the disk, where
 * NOT_ENOUGH_REPLICAS would send the operator looking for lost brokers. {@link LogDirectory.state} tells it from a broken disk.
 */
export class NoSpaceError extends KafkaError {
  constructor(path: string, options?: ErrorOptions) {
    super('KAFKA_STORAGE_ERROR', `No space is left on the disk of ${path}; writes work again as soon as there is room`, options);
    this.name = 'NoSpaceError';
  }
}

/** Bytes on disk that are not what was written there. */
export class DamagedLogError extends KafkaError {
  readonly path: string;

  constructor(path: string, message: string) {
    super('KAFKA_STORAGE_ERROR', message);
    this.name = 'DamagedLogError';
    this.path = path;
  }
}

/**
 * A log that is empty, or has nothing that was not deleted, ends in the middle of the first batch that its leader has: there DeleteRecords has raised the start to
 * within a batch, which goes over the wire whole. `truncateFullyAndStartAt(baseOffset)`, then append again.
 */
export class LogStartWithinBatchError extends KafkaError {
  readonly baseOffset: bigint;

  constructor(baseOffset: bigint, logStartOffset: bigint) {
    super('CORRUPT_MESSAGE', `The leader's first batch begins at offset ${baseOffset}, before the log's start at ${logStartOffset}`);
    this.name = 'LogStartWithinBatchError';
    this.baseOffset = baseOffset;
  }
}

/** What is wrong with one record of a batch. */
export interface RecordError {
  /** Its place among the records of its batch, from 0 on. */
  readonly batchIndex: number;
  readonly message: string;
}

/** A batch has records that its topic does not take; none of it was appended. */
export class InvalidRecordsError extends KafkaError {
  readonly recordErrors: readonly RecordError[];

  constructor(recordErrors: readonly RecordError[]) {
    super('INVALID_RECORD', `${recordErrors.length} of the records are not taken: ${recordErrors[0]!.message}`);
    this.name = 'InvalidRecordsError';
    this.recordErrors = recordErrors;
  }
}
