import { firstIndexWhere } from './first-index.ts';
import { isZero } from './offset-index.ts';

const entryBytes = 12;

/**
 * The sparse way from timestamps to offsets in one segment: entries of the greatest timestamp so far and the last offset of the batch that
 * holds it, both rising. In memory like {@link OffsetIndex}; in the file 12-byte entries: timestamp, offset relative to the base.
 */
export class TimeIndex {
  readonly #maxEntries: number;
  #timestamps = new BigInt64Array(16);
  #offsets = new Int32Array(16);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxEntries = Math.floor(maxBytes / entryBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** One entry is kept back for the greatest timestamp of a closed segment. */
  get isFull(): boolean {
    return this.#length >= this.#maxEntries - 1;
  }

  get last(): { timestamp: bigint; relativeOffset: number } | undefined {
    if (this.#length === 0) return undefined;
    return { timestamp: this.#timestamps[this.#length - 1]!, relativeOffset: this.#offsets[this.#length - 1]! };
  }

  /** Adds an entry when its timestamp is above the last; `closing` may use the entry that was kept back. */
  append(timestamp: bigint, relativeOffset: number, closing = false): void {
    if (closing ? this.#length >= this.#maxEntries : this.isFull) return;
    const last = this.#length - 1;
    if (timestamp < 0n || (last >= 0 && (timestamp <= this.#timestamps[last]! || relativeOffset < this.#offsets[last]!))) return;
    if (this.#length === this.#offsets.length) this.#grow();
    this.#timestamps[this.#length] = timestamp;
    this.#offsets[this.#length++] = relativeOffset;
  }

  /** An offset up to which no record of the segment has a timestamp of `timestamp` or more; 0 when nothing is known. */
  lookup(timestamp: bigint): number {
    const next = firstIndexWhere(this.#length, (index) => this.#timestamps[index]! >= timestamp);
    return next === 0 ? 0 : this.#offsets[next - 1]! + 1;
  }

  /** Forgets entries whose offset is at or after the given one. */
  truncateTo(relativeOffset: number): void {
    while (this.#length > 0 && this.#offsets[this.#length - 1]! >= relativeOffset) this.#length--;
  }

  encode(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length * entryBytes);
    for (let i = 0; i < this.#length; i++) {
      bytes.writeBigInt64BE(this.#timestamps[i]!, i * entryBytes);
      bytes.writeInt32BE(this.#offsets[i]!, i * entryBytes + 8);
    }
    return bytes;
  }

  /** Reads a file's content; false, and nothing is kept, when it cannot be a time index. */
  load(bytes: Buffer): boolean {
    this.#length = 0;
    if (bytes.length % entryBytes !== 0) return false;
    let lastTimestamp = -1n;
    let lastOffset = -1;
    for (let at = 0; at < bytes.length; at += entryBytes) {
      const timestamp = bytes.readBigInt64BE(at);
      const offset = bytes.readInt32BE(at + 8);
      if (at > 0 && timestamp === 0n && offset === 0) return isZero(bytes, at) || this.#reject();
      if (timestamp <= lastTimestamp || offset < 0 || offset < lastOffset) return this.#reject();
      if (this.#length === this.#offsets.length) this.#grow();
      this.#timestamps[this.#length] = lastTimestamp = timestamp;
      this.#offsets[this.#length++] = lastOffset = offset;
    }
    return true;
  }

  #reject(): boolean {
    this.#length = 0;
    return false;
  }

  #grow(): void {
    const timestamps = new BigInt64Array(this.#timestamps.length * 2);
    const offsets = new Int32Array(timestamps.length);
    timestamps.set(this.#timestamps);
    offsets.set(this.#offsets);
    this.#timestamps = timestamps;
    this.#offsets = offsets;
  }
}
