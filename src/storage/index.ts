/**
 * One partition's log on one disk, in Kafka's files: segments with their indexes, leader epochs, producers, retention, recovery; and the data
 * directory that holds many of them, with its lock, checkpoints and group commit.
 */
export type { AppendInfo, AppendOptions } from './append.ts';
export type { EpochEntry } from './checkpoint-files.ts';
export type { CleanerSettings } from './cleaner/log-cleaner.ts';
export { DamagedLogError, InvalidRecordsError, LogDirectoryError, LogStartWithinBatchError, NoSpaceError } from './errors.ts';
export { defaultLogConfig, type LogConfig } from './log-config.ts';
export { type FailedPartition, type HousekeepingOptions, LogDirectory, type LogDirectoryOptions } from './log-directory.ts';
export type { TimestampedOffset } from './log-reader.ts';
export { checkMetaProperties, type MetaProperties, readMetaProperties, writeMetaProperties } from './meta-properties.ts';
export { PartitionLog } from './partition-log.ts';
export type { AppendOrigin, ProducerBatch, ProducerState } from './producer-state.ts';
export type { AbortedTransaction } from './transaction-index.ts';
