/**
 * Zigzag varints as records use them: seven bits a byte, lowest first; signs alternate, so that small negative numbers are short.
 * Numbers beyond 32 bits come as bigint when they do not fit a number exactly.
 */

/** Bytes that an int32 takes. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5;
}

/** Writes an int32 at `at`, and answers where it ended. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  while (zigzag >= 0x80) {
    target[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  target[at++] = zigzag;
  return at;
}

/** Bytes that an int64 takes. */
export function sizeOfVarlong(value: number | bigint): number {
  if (typeof value === 'number' && isInt32(value)) return sizeOfVarint(value);
  let size = 1;
  for (let rest = zigzag64(value) >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}

/** Writes an int64 at `at`, and answers where it ended. */
export function writeVarlong(target: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'number' && isInt32(value)) return writeVarint(target, at, value);
  let zigzag = zigzag64(value);
  while (zigzag >= 0x80n) {
    target[at++] = Number(zigzag & 0x7fn) | 0x80;
    zigzag >>= 7n;
  }
  target[at++] = Number(zigzag);
  return at;
}

function isInt32(value: number): boolean {
  return (value | 0) === value;
}

function zigzag64(value: number | bigint): bigint {
  const wide = BigInt(value);
  return BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
}

/** Reads varints one after the other and never beyond `end`. Malformed ones throw what `fail` makes of the reason. */
export class VarintReader {
  readonly bytes: Uint8Array;
  readonly #fail: (reason: string) => Error;
  /** Where the next one begins. */
  at: number;
  /** Moved by who reads, to keep within one record. */
  end: number;

  constructor(bytes: Uint8Array, from: number, end: number, fail: (reason: string) => Error) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
    this.#fail = fail;
  }

  /** An int32. */
  varint(): number {
    const bytes = this.bytes;
    let at = this.at;
    if (at >= this.end) throw this.#fail('a varint is cut off');
    let byte = bytes[at++]!;
    let zigzag = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (at >= this.end) throw this.#fail('a varint is cut off');
      byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) throw this.#fail('a varint has more than 32 bits');
      zigzag |= (byte & 0x7f) << shift;
    }
    this.at = at;
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** An int64: a number up to 2^53, else a bigint. */
  varlong(): number | bigint {
    const bytes = this.bytes;
    let at = this.at;
    let zigzag = 0;
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      if (at >= this.end) throw this.#fail('a varlong is cut off');
      const byte = bytes[at++]!;
      zigzag += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = at;
        const half = zigzag % 2 === 0 ? zigzag / 2 : (zigzag - 1) / 2;
        return zigzag % 2 === 0 ? half : -1 - half;
      }
    }
    return this.#longVarlong(BigInt(zigzag), at);
  }

  /** The last three of ten bytes, after the 49 bits in `zigzag`. */
  #longVarlong(zigzag: bigint, from: number): bigint {
    let at = from;
    for (let shift = 49n; ; shift += 7n) {
      if (at >= this.end) throw this.#fail('a varlong is cut off');
      const byte = this.bytes[at++]!;
      if (shift === 63n && byte > 1) throw this.#fail('a varlong has more than 64 bits');
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.at = at;
    return (zigzag >> 1n) ^ -(zigzag & 1n);
  }
}
