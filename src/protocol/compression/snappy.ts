import { wasmUtils } from '../wasm.ts';
import { copyBytes, copyWithinOutput } from './copy.ts';
import { malformed, tooLarge } from './failures.ts';

/**
 * Java's clients put snappy blocks into a stream format of their own library (snappy-java, "xerial"): a header of a magic
 * number and two versions, then blocks, each after its length in four bytes. librdkafka and others send one raw block.
 * Java reads only the stream format, so this is what is written; both are read.
 */
const streamMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const streamHeader = Buffer.concat([streamMagic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);

/** Input bytes per block, as in snappy-java. */
const blockSize = 32 * 1024;

/** No element of the format says more than 64 bytes, in 3. A claim beyond this ratio is a lie that costs no memory. */
const highestRatio = 22;

/** Compresses into the stream format. */
export function compressSnappy(bytes: Uint8Array): Buffer {
  const pieces: Buffer[] = [streamHeader];
  for (let from = 0; from < bytes.length; from += blockSize) {
    const block = wasmUtils().snappyCompress(bytes.subarray(from, from + blockSize) as Buffer);
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length);
    pieces.push(length, block);
  }
  return Buffer.concat(pieces);
}

/** Reads either framing. Errors are those of `decompress`. */
export function decompressSnappy(bytes: Uint8Array, maxBytes: number): Buffer {
  return startsStream(bytes, 0) ? decompressStream(bytes, maxBytes) : decompressBlock(bytes, 0, bytes.length, maxBytes);
}

function startsStream(bytes: Uint8Array, at: number): boolean {
  return bytes.length - at >= streamHeader.length && streamMagic.every((byte, index) => bytes[at + index] === byte);
}

function decompressStream(bytes: Uint8Array, maxBytes: number): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Buffer[] = [];
  let left = maxBytes;
  let at = streamHeader.length;
  while (at < bytes.length) {
    if (startsStream(bytes, at)) {
      at += streamHeader.length; // streams may follow each other
      continue;
    }
    if (bytes.length - at < 4) throw malformed('snappy', 'the length of a block is cut off');
    const length = view.getInt32(at);
    at += 4;
    if (length < 0 || length > bytes.length - at)
      throw malformed('snappy', `a block claims ${length} bytes, ${bytes.length - at} are left`);
    const block = decompressBlock(bytes, at, at + length, left, maxBytes);
    left -= block.length;
    at += length;
    blocks.push(block);
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks);
}

/** @param named the bound to name in an error, where `maxBytes` is what is left of it */
function decompressBlock(bytes: Uint8Array, from: number, to: number, maxBytes: number, named = maxBytes): Buffer {
  let at = from;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= to || shift > 28) throw malformed('snappy', 'the length of the content is not a number');
    const byte = bytes[at++]!;
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (size > maxBytes) throw tooLarge('snappy', named);
  if (size > (to - at) * highestRatio) throw malformed('snappy', `${to - at} bytes cannot say ${size}`);
  const output = Buffer.allocUnsafe(size);
  inflateElements(bytes, at, to, output);
  return output;
}

/** Elements are literals or copies of earlier output; the low two bits of the first byte tell which. */
function inflateElements(bytes: Uint8Array, from: number, to: number, output: Uint8Array): void {
  const size = output.length;
  let at = from;
  let written = 0;
  while (at < to) {
    const tag = bytes[at++]!;
    let length: number;
    if ((tag & 3) === 0) {
      length = tag >>> 2;
      if (length >= 60) {
        const width = length - 59;
        if (width > to - at) throw malformed('snappy', 'a literal is cut off');
        length = 0;
        for (let index = 0; index < width; index++) length += bytes[at + index]! * 2 ** (8 * index);
        at += width;
      }
      length += 1;
      if (length > to - at || length > size - written) throw malformed('snappy', 'a literal reaches beyond the end');
      copyBytes(bytes, at, output, written, length);
      at += length;
    } else {
      const width = (tag & 3) === 3 ? 4 : tag & 3;
      if (width > to - at) throw malformed('snappy', 'a copy is cut off');
      let distance: number;
      if (width === 1) {
        length = ((tag >>> 2) & 7) + 4;
        distance = ((tag >>> 5) << 8) | bytes[at]!;
      } else {
        length = (tag >>> 2) + 1;
        distance = bytes[at]! | (bytes[at + 1]! << 8);
        if (width === 4) distance += bytes[at + 2]! * 0x10000 + bytes[at + 3]! * 0x1000000;
      }
      at += width;
      if (distance === 0 || distance > written) throw malformed('snappy', 'a copy reaches before the beginning');
      if (length > size - written) throw malformed('snappy', 'a copy reaches beyond the end');
      copyWithinOutput(output, written, distance, length);
    }
    written += length;
  }
  if (written !== size) throw malformed('snappy', `${size} bytes are claimed, ${written} are there`);
}
