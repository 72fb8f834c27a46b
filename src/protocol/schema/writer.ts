import { maxStringBytes } from './reader.ts';
import { uuidTextLength } from './uuid.ts';

/** Bytes up to this many are copied next to their neighbours; larger ones become a piece of their own, by reference. */
const copyLimit = 1024;
const firstChunkBytes = 512;
const largestChunkBytes = 65_536;
/** Strings up to this length are tried as ASCII, character by character, before Node's encoder is called. */
const shortText = 40;

/**
 * Writes Kafka's basic types one after another. Small values go into chunks; large byte fields are kept by reference, so the result is
 * a list of pieces to be sent in order. A number that its type cannot hold is a RangeError, never cut.
 */
export class Writer {
  readonly #pieces: Buffer[] = [];
  #chunk: Buffer;
  #view: DataView;
  /** Where in the chunk the piece being written starts. */
  #start = 0;
  #position = 0;
  /** Bytes in the finished pieces. */
  #finished = 0;

  constructor() {
    this.#chunk = Buffer.allocUnsafe(firstChunkBytes);
    this.#view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset, firstChunkBytes);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#finished + this.#position - this.#start;
  }

  /** The pieces in order. The writer may not be used afterwards. */
  finish(): Buffer[] {
    this.#endPiece();
    return this.#pieces;
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) outOfRange(value, 'int8');
    const at = this.#take(1);
    this.#view.setInt8(at, value);
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) outOfRange(value, 'int16');
    const at = this.#take(2);
    this.#view.setInt16(at, value);
  }

  int32(value: number): void {
    if ((value | 0) !== value) outOfRange(value, 'int32');
    const at = this.#take(4);
    this.#view.setInt32(at, value);
  }

  int64(value: bigint): void {
    const at = this.#take(8);
    this.#view.setBigInt64(at, value);
    if (this.#view.getBigInt64(at) !== value) outOfRange(value, 'int64');
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) outOfRange(value, 'uint16');
    const at = this.#take(2);
    this.#view.setUint16(at, value);
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) outOfRange(value, 'uint32');
    const at = this.#take(4);
    this.#view.setUint32(at, value);
  }

  float64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value);
  }

  bool(value: boolean): void {
    const at = this.#take(1);
    this.#view.setInt8(at, value ? 1 : 0);
  }

  uuid(text: string): void {
    const at = this.#take(16);
    if (text.length !== uuidTextLength || this.#chunk.write(text, at, 16, 'base64url') !== 16) throw new RangeError(`'${text}' is no uuid`);
  }

  unsignedVarint(value: number): void {
    if (value >>> 0 !== value) outOfRange(value, 'unsigned varint');
    this.#reserve(5);
    while (value > 0x7f) {
      this.#chunk[this.#position++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#chunk[this.#position++] = value;
  }

  string(value: string): void {
    const bytes = Buffer.byteLength(value);
    if (bytes > maxStringBytes) tooLong(bytes);
    this.int16(bytes);
    this.#text(value, bytes);
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    const bytes = Buffer.byteLength(value);
    if (bytes > maxStringBytes) tooLong(bytes);
    this.unsignedVarint(bytes + 1);
    this.#text(value, bytes);
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactString(value);
  }

  bytes(value: Buffer): void {
    this.int32(value.length);
    this.raw(value);
  }

  nullableBytes(value: Buffer | null): void {
    if (value === null) this.int32(-1);
    else this.bytes(value);
  }

  compactBytes(value: Buffer): void {
    this.unsignedVarint(value.length + 1);
    this.raw(value);
  }

  compactNullableBytes(value: Buffer | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactBytes(value);
  }

  /** The bytes alone, without a length. */
  raw(value: Buffer): void {
    if (value.length > copyLimit) {
      this.#endPiece();
      this.#pieces.push(value);
      this.#finished += value.length;
      return;
    }
    const at = this.#take(value.length);
    value.copy(this.#chunk, at);
  }

  #text(value: string, bytes: number): void {
    const at = this.#take(bytes);
    if (bytes === value.length && bytes <= shortText) {
      // As many bytes as characters: ASCII.
      for (let i = 0; i < bytes; i++) this.#chunk[at + i] = value.charCodeAt(i);
    } else {
      this.#chunk.write(value, at, bytes, 'utf8');
    }
  }

  /** Where the next `length` bytes go. It may put another chunk in place: call it before `#chunk` or `#view` is read. */
  #take(length: number): number {
    this.#reserve(length);
    const at = this.#position;
    this.#position = at + length;
    return at;
  }

  /** Makes sure that `length` bytes in a row are free in the chunk. */
  #reserve(length: number): void {
    if (length <= this.#chunk.length - this.#position) return;
    this.#endPiece();
    const size = Math.max(length, Math.min(this.#chunk.length * 4, largestChunkBytes));
    this.#chunk = Buffer.allocUnsafe(size);
    this.#view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset, size);
    this.#start = 0;
    this.#position = 0;
  }

  #endPiece(): void {
    if (this.#position === this.#start) return;
    this.#pieces.push(this.#chunk.subarray(this.#start, this.#position));
    this.#finished += this.#position - this.#start;
    this.#start = this.#position;
  }
}

function outOfRange(value: unknown, type: string): never {
  throw new RangeError(`${value} does not fit into ${type}`);
}

function tooLong(bytes: number): never {
  throw new RangeError(`a string of ${bytes} bytes: Kafka allows ${maxStringBytes}`);
}
