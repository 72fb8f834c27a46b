import assert from 'node:assert/strict';
import { wasmUtils } from '../wasm.ts';
import { copyBytes, copyWithinOutput } from './copy.ts';
import { malformed, tooLarge } from './failures.ts';
import { xxhash32 } from './xxhash32.ts';

const frameMagic = 0x184d2204;
const skippableMagic = 0x184d2a50; // and the 15 numbers after it
const uncompressedBit = 0x80000000;

/** Flags of a frame's descriptor. */
const independentBlocks = 0x20;
const blockChecksums = 0x10;
const contentSizeGiven = 0x08;
const contentChecksum = 0x04;
const dictionaryNeeded = 0x01;

/** The frame header that is written: version 1, independent blocks of at most 64 KiB, no checksums, no size. */
const header = writtenHeader();
const blockSize = 64 * 1024;
const endMark = Buffer.alloc(4);

/** One byte of a block says at most 255 bytes of output, so no claim makes the output buffer larger than the input allows. */
const highestRatio = 255;

/** Compresses into one LZ4 frame as Java's clients write it. */
export function compressLz4(bytes: Uint8Array): Buffer {
  const pieces: Buffer[] = [header];
  for (let from = 0; from < bytes.length; from += blockSize) {
    // The module makes whole frames, with blocks as large as the input. A frame of 64 KiB holds one block, which is all we take.
    const frame = wasmUtils().lz4Compress(bytes.subarray(from, from + blockSize) as Buffer);
    const size = frame.readUInt32LE(header.length) & ~uncompressedBit;
    assert.equal(frame.length, header.length + 4 + size + endMark.length, 'the LZ4 compressor makes one block of 64 KiB');
    pieces.push(frame.subarray(header.length, frame.length - endMark.length));
  }
  pieces.push(endMark);
  return Buffer.concat(pieces);
}

/**
 * Reads LZ4 frames, one after the other: independent or linked blocks of any size, with or without checksums, which are
 * verified. Frames that need a dictionary are refused. Errors are those of `decompress`.
 */
export function decompressLz4(bytes: Uint8Array, maxBytes: number): Buffer {
  const reader = new FrameReader(bytes, maxBytes);
  do reader.readFrame();
  while (!reader.atEnd);
  return reader.output;
}

class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxBytes: number;
  #at = 0;
  #output: Buffer = Buffer.alloc(0);
  #written = 0;

  constructor(bytes: Uint8Array, maxBytes: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxBytes = maxBytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  get output(): Buffer {
    return this.#output.subarray(0, this.#written);
  }

  readFrame(): void {
    const magic = this.#uint32('the beginning of a frame');
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      const size = this.#uint32('the size of a skippable frame');
      this.#take(size, 'a skippable frame');
      return;
    }
    if (magic !== frameMagic) throw malformed('lz4', `no frame begins with 0x${magic.toString(16)}`);
    const { flags, maxBlockSize, contentSize } = this.#readDescriptor();
    const frameStart = this.#written;
    for (;;) {
      const word = this.#uint32('the size of a block');
      if (word === 0) break;
      this.#readBlock(word, flags, maxBlockSize, frameStart);
    }
    if (flags & contentChecksum) {
      const expected = this.#uint32('the checksum of the content');
      if (xxhash32(this.#output, frameStart, this.#written) !== expected) throw malformed('lz4', 'wrong checksum of the content');
    }
    if (contentSize !== undefined && contentSize !== BigInt(this.#written - frameStart)) {
      throw malformed('lz4', `${contentSize} bytes are claimed, ${this.#written - frameStart} are there`);
    }
  }

  #readDescriptor(): { flags: number; maxBlockSize: number; contentSize: bigint | undefined } {
    const start = this.#at;
    const flags = this.#bytes[this.#take(2, 'a frame header')]!;
    const block = this.#bytes[start + 1]!;
    if (flags >>> 6 !== 1 || flags & 2 || block & 0x8f) throw malformed('lz4', 'a frame header of an unknown version');
    if (flags & dictionaryNeeded) throw malformed('lz4', 'a frame needs a dictionary');
    const sizeId = block >>> 4;
    if (sizeId < 4) throw malformed('lz4', `there is no block size number ${sizeId}`);
    let contentSize: bigint | undefined;
    if (flags & contentSizeGiven) {
      contentSize = this.#view.getBigUint64(this.#take(8, 'the size of the content'), true);
      if (contentSize > BigInt(this.#maxBytes - this.#written)) throw tooLarge('lz4', this.#maxBytes);
    }
    const checksum = this.#bytes[this.#take(1, 'a frame header')]!;
    if (checksum !== headerChecksum(this.#bytes, start, this.#at - 1)) throw malformed('lz4', 'wrong checksum of a frame header');
    return { flags, maxBlockSize: 1 << (8 + 2 * sizeId), contentSize };
  }

  #readBlock(word: number, flags: number, maxBlockSize: number, frameStart: number): void {
    const size = word & ~uncompressedBit;
    if (size > maxBlockSize) throw malformed('lz4', `a block of ${size} bytes in a frame whose blocks have at most ${maxBlockSize}`);
    const from = this.#take(size, 'a block');
    const room = Math.min(maxBlockSize, this.#maxBytes - this.#written);
    if (word >= uncompressedBit) {
      if (size > room) throw tooLarge('lz4', this.#maxBytes);
      this.#reserve(size);
      copyBytes(this.#bytes, from, this.#output, this.#written, size);
      this.#written += size;
    } else {
      this.#reserve(Math.min(room, size * highestRatio));
      const windowStart = flags & independentBlocks ? this.#written : frameStart;
      const written = inflateBlock(this.#bytes, from, from + size, this.#output, this.#written, this.#written + room, windowStart);
      if (written === undefined) {
        if (room < maxBlockSize) throw tooLarge('lz4', this.#maxBytes);
        throw malformed('lz4', 'a block holds more than its frame allows');
      }
      this.#written = written;
    }
    if (flags & blockChecksums) {
      const expected = this.#uint32('the checksum of a block');
      if (xxhash32(this.#bytes, from, from + size) !== expected) throw malformed('lz4', 'wrong checksum of a block');
    }
  }

  /** Makes room for `more` bytes of output. */
  #reserve(more: number): void {
    const needed = this.#written + more;
    if (needed <= this.#output.length) return;
    const grown = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(needed, 2 * this.#output.length)));
    this.#output.copy(grown, 0, 0, this.#written);
    this.#output = grown;
  }

  #uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  /** Moves over `size` bytes and answers where they begin. */
  #take(size: number, what: string): number {
    const start = this.#at;
    if (size > this.#bytes.length - start) throw malformed('lz4', `${what} is cut off`);
    this.#at = start + size;
    return start;
  }
}

/**
 * Inflates one block into `output` from `written` on, and answers where it ended: undefined when that would lie beyond `limit`.
 * @param windowStart matches may not reach before this position
 */
function inflateBlock(
  bytes: Uint8Array,
  from: number,
  to: number,
  output: Uint8Array,
  written: number,
  limit: number,
  windowStart: number,
): number | undefined {
  let at = from;
  for (;;) {
    if (at >= to) throw malformed('lz4', 'a block is cut off');
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let byte: number;
      do {
        if (at >= to) throw malformed('lz4', 'a block is cut off');
        literals += byte = bytes[at++]!;
      } while (byte === 255);
    }
    if (literals > to - at) throw malformed('lz4', 'literals reach beyond the end of their block');
    if (literals > limit - written) return undefined;
    copyBytes(bytes, at, output, written, literals);
    at += literals;
    written += literals;
    if (at === to) return written; // the last sequence has no match

    if (to - at < 2) throw malformed('lz4', 'a block is cut off');
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    if (distance === 0 || distance > written - windowStart) throw malformed('lz4', 'a match reaches before the beginning');
    let length = (token & 15) + 4;
    if (length === 19) {
      let byte: number;
      do {
        if (at >= to) throw malformed('lz4', 'a block is cut off');
        length += byte = bytes[at++]!;
      } while (byte === 255);
    }
    if (length > limit - written) return undefined;
    copyWithinOutput(output, written, distance, length);
    written += length;
  }
}

function headerChecksum(bytes: Uint8Array, from: number, to: number): number {
  return (xxhash32(bytes, from, to) >>> 8) & 0xff;
}

function writtenHeader(): Buffer {
  const made = Buffer.alloc(7);
  made.writeUInt32LE(frameMagic);
  made[4] = 0x40 | independentBlocks;
  made[5] = 0x40; // 64 KiB
  made[6] = headerChecksum(made, 4, 6);
  return made;
}
