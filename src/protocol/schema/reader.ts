import { isUtf8 } from 'node:buffer';
import { ProtocolError } from './protocol-error.ts';

/** The longest string Kafka allows, in bytes. */
export const maxStringBytes = 0x7fff;

/**
 * Reads Kafka's basic types one after another from a buffer and never past `end`. Anything that does not fit is a {@link ProtocolError}.
 * Bytes come as views of the buffer.
 */
export class Reader {
  readonly buffer: Buffer;
  readonly #view: DataView;
  position: number;
  end: number;
  /** How many array elements may still be read. */
  #elementsLeft: number;

  /** @param maxElements of all arrays together: an object takes many times the memory of the few bytes it may be read from */
  constructor(buffer: Buffer, position = 0, end = buffer.length, maxElements = Number.POSITIVE_INFINITY) {
    this.buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.position = position;
    this.end = end;
    this.#elementsLeft = maxElements;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Always throws; typed to be returned. */
  fail(what: string): never {
    throw new ProtocolError(`${what} at byte ${this.position} of ${this.end}`);
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  bool(): boolean {
    return this.#view.getInt8(this.#take(1)) !== 0;
  }

  uuid(): string {
    const start = this.#take(16);
    return this.buffer.toString('base64url', start, start + 16);
  }

  /** At most five bytes, at most 2^32 - 1. */
  unsignedVarint(): number {
    let byte = this.#view.getUint8(this.#take(1));
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.#view.getUint8(this.#take(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    byte = this.#view.getUint8(this.#take(1));
    if (byte > 0x0f) this.fail('a varint longer than 32 bits');
    return (value | (byte << 28)) >>> 0;
  }

  string(): string {
    return this.#text(this.int16()) ?? this.fail('null where a string must be');
  }

  nullableString(): string | null {
    return this.#text(this.int16());
  }

  compactString(): string {
    return this.#text(this.unsignedVarint() - 1) ?? this.fail('null where a string must be');
  }

  compactNullableString(): string | null {
    return this.#text(this.unsignedVarint() - 1);
  }

  bytes(): Buffer {
    return this.#bytes(this.int32()) ?? this.fail('null where bytes must be');
  }

  nullableBytes(): Buffer | null {
    return this.#bytes(this.int32());
  }

  compactBytes(): Buffer {
    return this.#bytes(this.unsignedVarint() - 1) ?? this.fail('null where bytes must be');
  }

  compactNullableBytes(): Buffer | null {
    return this.#bytes(this.unsignedVarint() - 1);
  }

  /** The next `length` bytes as a view. */
  view(length: number): Buffer {
    const start = this.#take(length);
    return this.buffer.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Says that `count` elements of at least `bytesEach` bytes follow. Nothing may be made for them before. */
  claimElements(count: number, bytesEach: number, of: string): void {
    if (count < 0) this.fail(`a count of ${count} for ${of}`);
    if (count * bytesEach > this.remaining) this.fail(`a count of ${count} for ${of} where ${this.remaining} bytes are left`);
    if (count > this.#elementsLeft) this.fail(`a count of ${count} for ${of}: too many for one message`);
    this.#elementsLeft -= count;
  }

  #text(length: number): string | null {
    if (length === -1) return null;
    if (length < 0 || length > maxStringBytes) this.fail(`a string of ${length} bytes`);
    const start = this.#take(length);
    const text = this.buffer.toString('utf8', start, this.position);
    // Decoding puts U+FFFD in place of what is not UTF-8; only a text with one needs the second, exact look.
    if (text.includes('\uFFFD') && !isUtf8(this.buffer.subarray(start, this.position))) this.fail('a string that is not UTF-8');
    return text;
  }

  #bytes(length: number): Buffer | null {
    return length === -1 ? null : this.view(length);
  }

  #take(length: number): number {
    const start = this.position;
    if (length < 0 || length > this.end - start) this.fail(`${length} bytes wanted where ${this.end - start} are left`);
    this.position = start + length;
    return start;
  }
}
