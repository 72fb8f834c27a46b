import { KafkaError } from '../errors.ts';
import { VarintReader } from './varint.ts';

/** A header of a record: Kafka allows a name to come several times. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** One record as a log holds it. Key and value are views of the (inflated) batch. */
export interface LogRecord {
  readonly offset: bigint;
  /** Milliseconds since 1970; -1 when the producer gave none. */
  readonly timestamp: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** What the header of a batch says about its records. */
export interface RecordsFrame {
  readonly baseOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly recordCount: number;
  readonly baseTimestamp: bigint;
  /** The one timestamp of all records, where the broker gave it. */
  readonly logAppendTime: bigint | undefined;
}

const noHeaders: readonly RecordHeader[] = [];

function invalid(reason: string): KafkaError {
  return new KafkaError('INVALID_RECORD', `malformed record: ${reason}`);
}

/**
 * The records of a batch, inflated already. Strict: each record fills its length, offsets rise and stay below the batch's last,
 * and there are exactly as many records and bytes as the header says.
 * @throws KafkaError INVALID_RECORD at the first place where this does not hold
 */
export function* readRecords(bytes: Buffer, from: number, frame: RecordsFrame): Generator<LogRecord, void, undefined> {
  const reader = new RecordReader(bytes, from, frame);
  while (reader.next()) yield reader.record();
}

/** Walks over the records as `readRecords` does, with the same errors, and makes nothing of them. */
export function checkRecords(bytes: Buffer, from: number, frame: RecordsFrame): void {
  const reader = new RecordReader(bytes, from, frame);
  while (reader.next()) reader.skipHeaders();
}

/** Stands on one record after the other. After `next`, exactly one of `record` and `skipHeaders` is called. */
class RecordReader {
  readonly #bytes: Buffer;
  readonly #frame: RecordsFrame;
  readonly #reader: VarintReader;
  readonly #end: number;
  #left: number;
  #offsetDelta = -1;
  #timestampDelta: number | bigint = 0;
  #keyStart = 0;
  #keyLength = -1;
  #valueStart = 0;
  #valueLength = -1;

  constructor(bytes: Buffer, from: number, frame: RecordsFrame) {
    this.#bytes = bytes;
    this.#frame = frame;
    this.#reader = new VarintReader(bytes, from, bytes.length, invalid);
    this.#end = bytes.length;
    this.#left = frame.recordCount;
  }

  next(): boolean {
    const reader = this.#reader;
    if (this.#left === 0) {
      if (reader.at !== this.#end) throw invalid(`${this.#end - reader.at} bytes are left behind the last record`);
      return false;
    }
    this.#left--;
    reader.end = this.#end;
    const length = reader.varint();
    if (length < 0 || length > this.#end - reader.at) throw invalid(`it claims ${length} bytes, ${this.#end - reader.at} are left`);
    reader.end = reader.at + length;
    reader.at += 1; // attributes, which have no meaning so far
    this.#timestampDelta = reader.varlong();
    const offsetDelta = reader.varint();
    if (offsetDelta <= this.#offsetDelta || offsetDelta > this.#frame.lastOffsetDelta) {
      throw invalid(`offset delta ${offsetDelta} after ${this.#offsetDelta}, in a batch whose last is ${this.#frame.lastOffsetDelta}`);
    }
    this.#offsetDelta = offsetDelta;
    this.#keyLength = this.#length('key');
    this.#keyStart = this.#skip(this.#keyLength);
    this.#valueLength = this.#length('value');
    this.#valueStart = this.#skip(this.#valueLength);
    return true;
  }

  record(): LogRecord {
    const { baseOffset, baseTimestamp, logAppendTime } = this.#frame;
    const delta = this.#timestampDelta;
    return {
      offset: baseOffset + BigInt(this.#offsetDelta),
      timestamp: logAppendTime ?? (delta === 0 ? baseTimestamp : BigInt.asIntN(64, baseTimestamp + BigInt(delta))),
      key: this.#slice(this.#keyStart, this.#keyLength),
      value: this.#slice(this.#valueStart, this.#valueLength),
      headers: this.#headers(),
    };
  }

  skipHeaders(): void {
    for (let left = this.#headerCount(); left > 0; left--) {
      this.#skip(this.#headerKeyLength());
      this.#skip(this.#length('header value'));
    }
    this.#endRecord();
  }

  #headers(): readonly RecordHeader[] {
    const count = this.#headerCount();
    if (count === 0) {
      this.#endRecord();
      return noHeaders;
    }
    const headers: RecordHeader[] = [];
    for (let left = count; left > 0; left--) {
      const keyLength = this.#headerKeyLength();
      const keyStart = this.#skip(keyLength);
      const valueLength = this.#length('header value');
      const valueStart = this.#skip(valueLength);
      headers.push({ key: this.#bytes.toString('utf8', keyStart, keyStart + keyLength), value: this.#slice(valueStart, valueLength) });
    }
    this.#endRecord();
    return headers;
  }

  #headerCount(): number {
    const count = this.#reader.varint();
    // Each header takes two bytes at least, so a count can be believed only so far.
    if (count < 0 || count > (this.#reader.end - this.#reader.at) / 2) throw invalid(`it claims ${count} headers`);
    return count;
  }

  #headerKeyLength(): number {
    const length = this.#length('header key');
    if (length < 0) throw invalid('a header has no key');
    return length;
  }

  #endRecord(): void {
    const rest = this.#reader.end - this.#reader.at;
    if (rest !== 0) throw invalid(`${rest} bytes of it are left over`);
  }

  /** A length of -1 means null. */
  #length(what: string): number {
    const length = this.#reader.varint();
    if (length < -1 || length > this.#reader.end - this.#reader.at) throw invalid(`its ${what} claims ${length} bytes`);
    return length;
  }

  /** Moves over `length` bytes and answers where they begin. */
  #skip(length: number): number {
    const start = this.#reader.at;
    if (length > 0) this.#reader.at = start + length;
    return start;
  }

  #slice(start: number, length: number): Buffer | null {
    return length < 0 ? null : this.#bytes.subarray(start, start + length);
  }
}
