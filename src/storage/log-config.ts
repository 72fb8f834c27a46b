/**
 * What a partition's log obeys. The names are Kafka's topic configs in camelCase with the unit last; the defaults are Kafka's.
 * Sizes are bytes, times milliseconds.
 */
export interface LogConfig {
  segmentBytes: number;
  segmentMs: number;
  segmentJitterMs: number;
  /** The most bytes an index file of a segment may take. */
  segmentIndexBytes: number;
  /** About every so many bytes of batches get an entry in the indexes. */
  indexIntervalBytes: number;
  /** -1: no limit by time. */
  retentionMs: number;
  /** -1: no limit by size. */
  retentionBytes: number;
  cleanupPolicy: readonly ('delete' | 'compact')[];
  /** How long a deletion stays after a cleaning has taken away what it deletes, so that readers have the time to see it. */
  deleteRetentionMs: number;
  /** For so long a record is not cleaned. */
  minCompactionLagMs: number;
  /** After so long a record is cleaned, however few there are. */
  maxCompactionLagMs: number;
  /** Which part of a log has to be dirty before it is cleaned. */
  minCleanableDirtyRatio: number;
  /** Of a batch as it is stored, compressed. */
  maxMessageBytes: number;
  messageTimestampType: 'CreateTime' | 'LogAppendTime';
  /** How far behind the wall clock a record's timestamp may lie. */
  messageTimestampBeforeMaxMs: number;
  /** How far ahead of the wall clock a record's timestamp may lie. */
  messageTimestampAfterMaxMs: number;
  /** 'producer' keeps what the producer chose. */
  compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Of the codec in {@link compressionType}; undefined: the codec's own default. */
  compressionLevel: number | undefined;
  /** How long a deleted segment or partition stays on disk under its `.deleted` or `-delete` name. */
  fileDeleteDelayMs: number;
  producerIdExpirationMs: number;
  /** 'fsync': {@link PartitionLog.flush} waits for the disk. 'os': it does not; the operating system writes when it likes. */
  flush: 'fsync' | 'os';
}

const dayMs = 24 * 60 * 60 * 1000;

export const defaultLogConfig: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * dayMs,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * dayMs,
  retentionBytes: -1,
  cleanupPolicy: ['delete'],
  deleteRetentionMs: dayMs,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  minCleanableDirtyRatio: 0.5,
  maxMessageBytes: 1048588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 60 * 60 * 1000,
  compressionType: 'producer',
  compressionLevel: undefined,
  fileDeleteDelayMs: 60_000,
  producerIdExpirationMs: dayMs,
  flush: 'fsync',
};

export function isCompacted({ cleanupPolicy }: LogConfig): boolean {
  return cleanupPolicy.includes('compact');
}

/** After what time another segment is begun: a record in the active one cannot be cleaned. */
export function segmentMsOf(config: LogConfig): number {
  return isCompacted(config) ? Math.min(config.segmentMs, config.maxCompactionLagMs) : config.segmentMs;
}
