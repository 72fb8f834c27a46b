import { type Codec, codecOf, decompress, requireCodec } from '../compression/codec.ts';
import { crc32c } from '../crc32c.ts';
import { KafkaError } from '../errors.ts';
import {
  attribute,
  batchLengthOverhead,
  currentMagic,
  layout,
  none,
  recordBatchHeaderSize,
  smallestRecordSize,
  type TimestampType,
} from './layout.ts';
import { checkRecords, type LogRecord, type RecordsFrame, readRecords } from './read-records.ts';
import { addToSequence } from './sequence.ts';

/** How large the records of one batch may become when inflated, unless the caller says otherwise. */
export const defaultMaxInflatedBytes = 128 * 1024 * 1024;

/**
 * A view of the record batch (magic 2) that begins at a position of a buffer. It needs only the header there: a reader of a log may
 * look at headers alone. What needs the records throws CORRUPT_MESSAGE when they are not all there.
 */
export class RecordBatch {
  readonly #source: Buffer;
  /** Where the batch begins in the buffer it was made from. */
  readonly position: number;

  /** @throws KafkaError CORRUPT_MESSAGE when the buffer has no complete header there */
  constructor(source: Buffer, position = 0) {
    if (source.length - position < recordBatchHeaderSize) {
      throw new KafkaError(
        'CORRUPT_MESSAGE',
        `${source.length - position} bytes are no record batch: its header has ${recordBatchHeaderSize}`,
      );
    }
    this.#source = source;
    this.position = position;
  }

  get baseOffset(): bigint {
    return this.#source.readBigInt64BE(this.position + layout.baseOffset);
  }

  /** Of the whole batch, header included, as its header claims. */
  get sizeInBytes(): number {
    return this.#source.readInt32BE(this.position + layout.batchLength) + batchLengthOverhead;
  }

  get partitionLeaderEpoch(): number {
    return this.#source.readInt32BE(this.position + layout.partitionLeaderEpoch);
  }

  get magic(): number {
    return this.#source.readInt8(this.position + layout.magic);
  }

  get crc(): number {
    return this.#source.readUInt32BE(this.position + layout.crc);
  }

  get attributes(): number {
    return this.#source.readInt16BE(this.position + layout.attributes);
  }

  /** @throws KafkaError UNSUPPORTED_COMPRESSION_TYPE */
  get compression(): Codec {
    return requireCodec(this.attributes & attribute.codec);
  }

  get timestampType(): TimestampType {
    return this.attributes & attribute.logAppendTime ? 'LogAppendTime' : 'CreateTime';
  }

  get isTransactional(): boolean {
    return (this.attributes & attribute.transactional) !== 0;
  }

  /** Does it hold control records, which are meant for brokers and clients and not for their users? */
  get isControl(): boolean {
    return (this.attributes & attribute.control) !== 0;
  }

  get lastOffsetDelta(): number {
    return this.#source.readInt32BE(this.position + layout.lastOffsetDelta);
  }

  get lastOffset(): bigint {
    return this.baseOffset + BigInt(this.lastOffsetDelta);
  }

  /** To which the records' timestamp deltas are added. */
  get baseTimestamp(): bigint {
    return this.#source.readBigInt64BE(this.position + layout.baseTimestamp);
  }

  get maxTimestamp(): bigint {
    return this.#source.readBigInt64BE(this.position + layout.maxTimestamp);
  }

  /** When compaction may drop the tombstones and markers in it (KIP-534); undefined before the first compaction has set a time. */
  get deleteHorizonMs(): bigint | undefined {
    return this.attributes & attribute.deleteHorizon ? this.baseTimestamp : undefined;
  }

  /** -1 for none. */
  get producerId(): bigint {
    return this.#source.readBigInt64BE(this.position + layout.producerId);
  }

  get producerEpoch(): number {
    return this.#source.readInt16BE(this.position + layout.producerEpoch);
  }

  /** -1 for none. */
  get baseSequence(): number {
    return this.#source.readInt32BE(this.position + layout.baseSequence);
  }

  /** -1 for none. */
  get lastSequence(): number {
    const { baseSequence } = this;
    return baseSequence < 0 ? none : addToSequence(baseSequence, this.lastOffsetDelta);
  }

  get recordCount(): number {
    return this.#source.readInt32BE(this.position + layout.recordCount);
  }

  /** Are all the bytes that its header claims in the buffer? */
  get isComplete(): boolean {
    const size = this.sizeInBytes;
    return size >= recordBatchHeaderSize && size <= this.#source.length - this.position;
  }

  /** Exactly the bytes of this batch: a view, not a copy. */
  get buffer(): Buffer {
    const end = this.#end();
    return this.position === 0 && end === this.#source.length ? this.#source : this.#source.subarray(this.position, end);
  }

  /** Does the checksum hold? False also where bytes are missing. */
  isValidCrc(): boolean {
    return this.isComplete && this.#computeCrc() === this.crc;
  }

  /**
   * May this be what a producer sends for one partition? Looks at the header and the checksum, so the cost does not depend on
   * the number of records; nothing is inflated. Sequences are checked by the log, timestamps and sizes against the topic's configuration.
   * @throws KafkaError CORRUPT_MESSAGE, INVALID_RECORD, INVALID_TIMESTAMP or UNSUPPORTED_COMPRESSION_TYPE
   */
  checkForProduce(): void {
    const present = this.#source.length - this.position;
    const size = this.sizeInBytes;
    if (this.magic !== currentMagic)
      throw new KafkaError('INVALID_RECORD', `record batches have magic ${currentMagic}, this has ${this.magic}`);
    if (size < recordBatchHeaderSize || size > present) {
      throw new KafkaError('CORRUPT_MESSAGE', `the record batch claims ${size} bytes, ${present} are there`);
    }
    if (size < present) throw new KafkaError('INVALID_RECORD', `${present - size} bytes follow the one record batch of a partition`);
    if (this.#computeCrc() !== this.crc) throw new KafkaError('CORRUPT_MESSAGE', 'the checksum of the record batch is wrong');
    this.#checkAttributes();
    this.#checkCount(size);
    this.#checkProducer();
  }

  #checkAttributes(): void {
    const { attributes } = this;
    const codec = requireCodec(attributes & attribute.codec);
    if (attributes & attribute.control) throw new KafkaError('INVALID_RECORD', 'clients may not write control records');
    if (attributes & attribute.deleteHorizon) throw new KafkaError('INVALID_RECORD', 'clients may not set a delete horizon');
    if (attributes & attribute.logAppendTime) {
      throw new KafkaError('INVALID_TIMESTAMP', 'producers send timestamps of type CreateTime, not LogAppendTime');
    }
    if (codec === 'none' && this.recordCount > (this.sizeInBytes - recordBatchHeaderSize) / smallestRecordSize) {
      throw new KafkaError('INVALID_RECORD', `${this.recordCount} records do not fit into a batch of ${this.sizeInBytes} bytes`);
    }
  }

  #checkCount(size: number): void {
    const { recordCount, lastOffsetDelta } = this;
    if (recordCount <= 0) throw new KafkaError('INVALID_RECORD', `a record batch of ${recordCount} records`);
    if (lastOffsetDelta + 1 !== recordCount) {
      throw new KafkaError('INVALID_RECORD', `a record batch of ${recordCount} records whose last has the offset delta ${lastOffsetDelta}`);
    }
    if (size === recordBatchHeaderSize) throw new KafkaError('INVALID_RECORD', 'a record batch without its records');
  }

  #checkProducer(): void {
    if (this.producerId >= 0n) {
      if (this.producerEpoch < 0 || this.baseSequence < 0) {
        throw new KafkaError(
          'INVALID_RECORD',
          `producer epoch ${this.producerEpoch} and sequence ${this.baseSequence} in an idempotent batch`,
        );
      }
    } else if (this.isTransactional) {
      throw new KafkaError('INVALID_RECORD', 'a transactional record batch without a producer id');
    }
  }

  /** Sets what the leader decides, in place. Both lie outside the checksum. */
  stamp(baseOffset: bigint, leaderEpoch: number): void {
    this.#source.writeBigInt64BE(baseOffset, this.position + layout.baseOffset);
    this.#source.writeInt32BE(leaderEpoch, this.position + layout.partitionLeaderEpoch);
  }

  /** Gives all records the broker's time, in place, and computes the checksum again. */
  stampLogAppendTime(ms: bigint | number): void {
    this.#source.writeInt16BE(this.attributes | attribute.logAppendTime, this.position + layout.attributes);
    this.#source.writeBigInt64BE(BigInt(ms), this.position + layout.maxTimestamp);
    this.#source.writeUInt32BE(this.#computeCrc(), this.position + layout.crc);
  }

  /**
   * The records, inflated when they are compressed.
   * @param maxBytes how large they may become; see `readRecords` for what is checked. The checksum is not.
   * @throws KafkaError INVALID_RECORD, MESSAGE_TOO_LARGE beyond `maxBytes`, CORRUPT_MESSAGE when bytes are missing
   */
  *records(maxBytes = defaultMaxInflatedBytes): Generator<LogRecord, void, undefined> {
    const { bytes, from } = this.#inflated(maxBytes);
    yield* readRecords(bytes, from, this.#frame());
  }

  /** Walks over all records and throws what `records` would, without making them. */
  checkRecords(maxBytes = defaultMaxInflatedBytes): void {
    const { bytes, from } = this.#inflated(maxBytes);
    checkRecords(bytes, from, this.#frame());
  }

  #inflated(maxBytes: number): { bytes: Buffer; from: number } {
    const start = this.position + layout.records;
    const end = this.#end();
    const { compression } = this;
    if (compression === 'none') return { bytes: end === this.#source.length ? this.#source : this.#source.subarray(0, end), from: start };
    // A batch that compaction has emptied keeps its codec and has nothing to inflate.
    const bytes =
      start === end && this.recordCount === 0 ? Buffer.alloc(0) : decompress(compression, this.#source.subarray(start, end), maxBytes);
    return { bytes, from: 0 };
  }

  #frame(): RecordsFrame {
    const { recordCount, lastOffsetDelta } = this;
    if (recordCount < 0) throw new KafkaError('INVALID_RECORD', `a record batch of ${recordCount} records`);
    return {
      baseOffset: this.baseOffset,
      lastOffsetDelta,
      recordCount,
      baseTimestamp: this.baseTimestamp,
      logAppendTime: this.timestampType === 'LogAppendTime' ? this.maxTimestamp : undefined,
    };
  }

  #computeCrc(): number {
    return crc32c(this.#source, this.position + layout.attributes, this.#end());
  }

  #end(): number {
    if (!this.isComplete) {
      const present = this.#source.length - this.position;
      throw new KafkaError('CORRUPT_MESSAGE', `the record batch claims ${this.sizeInBytes} bytes, ${present} are there`);
    }
    return this.position + this.sizeInBytes;
  }

  /** For error messages and tests: what the header says, in one line. */
  toString(): string {
    const codec = codecOf(this.attributes & attribute.codec) ?? 'unknown codec';
    return `batch ${this.baseOffset}..${this.lastOffset} (${this.recordCount} records, ${this.sizeInBytes} bytes, ${codec}, epoch ${this.partitionLeaderEpoch})`;
  }
}
