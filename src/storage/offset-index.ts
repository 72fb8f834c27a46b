import { firstIndexWhere } from './first-index.ts';

const entryBytes = 8;

/**
 * The sparse way from offsets to positions in one segment's log: every so many bytes an entry of the last offset of a batch and the
 * position where that batch begins. Kept in memory; the file (8-byte entries: offset relative to the segment's base, position) is
 * written when the segment is closed and can always be made again from the log.
 */
export class OffsetIndex {
  readonly #maxEntries: number;
  #offsets = new Int32Array(16);
  #positions = new Int32Array(16);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxEntries = Math.floor(maxBytes / entryBytes);
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length >= this.#maxEntries;
  }

  /** The position of the last entry; 0 without entries. */
  get lastPosition(): number {
    return this.#length === 0 ? 0 : this.#positions[this.#length - 1]!;
  }

  append(relativeOffset: number, position: number): void {
    if (this.isFull || (this.#length > 0 && relativeOffset <= this.#offsets[this.#length - 1]!)) return;
    if (this.#length === this.#offsets.length) this.#grow();
    this.#offsets[this.#length] = relativeOffset;
    this.#positions[this.#length++] = position;
  }

  /** Between which positions the batch that holds an offset begins: the last entry not after it, and the next one if there is one. */
  lookup(relativeOffset: number): { position: number; nextPosition: number | undefined } {
    const next = firstIndexWhere(this.#length, (index) => this.#offsets[index]! > relativeOffset);
    return {
      position: next === 0 ? 0 : this.#positions[next - 1]!,
      nextPosition: next < this.#length ? this.#positions[next]! : undefined,
    };
  }

  /** The position of the last entry that is not behind `position`; 0 when there is none. */
  positionBefore(position: number): number {
    const next = firstIndexWhere(this.#length, (index) => this.#positions[index]! > position);
    return next === 0 ? 0 : this.#positions[next - 1]!;
  }

  /** Forgets entries whose offset is at or after the given one. */
  truncateTo(relativeOffset: number): void {
    while (this.#length > 0 && this.#offsets[this.#length - 1]! >= relativeOffset) this.#length--;
  }

  encode(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length * entryBytes);
    for (let i = 0; i < this.#length; i++) {
      bytes.writeInt32BE(this.#offsets[i]!, i * entryBytes);
      bytes.writeInt32BE(this.#positions[i]!, i * entryBytes + 4);
    }
    return bytes;
  }

  /**
   * Reads a file's content; false, and nothing is kept, when it cannot be the index of a log of that size. Zeros after the last entry (an
   * index of Kafka's that was not trimmed) are passed over.
   */
  load(bytes: Buffer, logSize: number): boolean {
    this.#length = 0;
    if (bytes.length % entryBytes !== 0) return false;
    let lastOffset = -1;
    let lastPosition = -1;
    for (let at = 0; at < bytes.length; at += entryBytes) {
      const offset = bytes.readInt32BE(at);
      const position = bytes.readInt32BE(at + 4);
      if (at > 0 && offset === 0 && position === 0) return isZero(bytes, at) || this.#reject();
      if (offset <= lastOffset || position <= lastPosition || position >= logSize) return this.#reject();
      if (this.#length === this.#offsets.length) this.#grow();
      this.#offsets[this.#length] = lastOffset = offset;
      this.#positions[this.#length++] = lastPosition = position;
    }
    return true;
  }

  #reject(): boolean {
    this.#length = 0;
    return false;
  }

  #grow(): void {
    const offsets = new Int32Array(this.#offsets.length * 2);
    const positions = new Int32Array(offsets.length);
    offsets.set(this.#offsets);
    positions.set(this.#positions);
    this.#offsets = offsets;
    this.#positions = positions;
  }
}

/** Whether all bytes from `start` on are zero. */
export function isZero(bytes: Buffer, start: number): boolean {
  for (let i = start; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
