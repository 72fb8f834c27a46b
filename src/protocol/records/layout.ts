/**
 * Where things are in the header of a record batch (magic 2). All numbers are big-endian.
 * The checksum covers everything behind it, so base offset and leader epoch can be stamped without computing it again.
 */
export const layout = {
  /** int64: offset of the first record */
  baseOffset: 0,
  /** int32: how many bytes follow this field */
  batchLength: 8,
  /** int32 */
  partitionLeaderEpoch: 12,
  /** int8: 2 */
  magic: 16,
  /** uint32: CRC-32C of all that follows */
  crc: 17,
  /** int16: see `attribute` */
  attributes: 21,
  /** int32 */
  lastOffsetDelta: 23,
  /** int64: of the first record, or the delete horizon */
  baseTimestamp: 27,
  /** int64 */
  maxTimestamp: 35,
  /** int64: -1 for none */
  producerId: 43,
  /** int16 */
  producerEpoch: 51,
  /** int32: sequence of the first record */
  baseSequence: 53,
  /** int32 */
  recordCount: 57,
  /** The records, compressed as one */
  records: 61,
} as const;

/** Bytes before the records. */
export const recordBatchHeaderSize = layout.records;

/** Bytes that `batchLength` does not count: base offset and batch length themselves. */
export const batchLengthOverhead = layout.partitionLeaderEpoch;

/** Bits of the attributes. */
export const attribute = {
  codec: 0x07,
  /** Timestamps are those of the broker (LogAppendTime), not of the producer (CreateTime). */
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  /** Base timestamp is the time at which compaction may drop tombstones and markers of the batch (KIP-534). */
  deleteHorizon: 0x40,
} as const;

/** The record format of Kafka since 0.11, and the only one of Kafka 4. */
export const currentMagic = 2;

/** A record has at least its length, attributes, two deltas, two lengths and a header count. */
export const smallestRecordSize = 7;

/** Stands for "none" in producer id, producer epoch, sequence, leader epoch and timestamp. */
export const none = -1;

/** Where a timestamp comes from: the producer, or the broker when it appends. */
export type TimestampType = 'CreateTime' | 'LogAppendTime';
