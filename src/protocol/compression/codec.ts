// By its default export: a name that Node lacks would keep this module, and who asks for a newer Node with it, from being loaded at all.
import zlib from 'node:zlib';
import { KafkaError } from '../errors.ts';
import { malformed, tooLarge } from './failures.ts';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** How the records of a batch are compressed. */
export type Codec = (typeof codecs)[number];

/** The number that stands for a codec in the attributes of a batch: 0..4. */
export function codecId(codec: Codec): number {
  return codecs.indexOf(codec);
}

/** The codec with this number; undefined when Kafka defines none. */
export function codecOf(id: number): Codec | undefined {
  return codecs[id];
}

/** @throws KafkaError UNSUPPORTED_COMPRESSION_TYPE when Kafka defines no codec of this number */
export function requireCodec(id: number): Codec {
  const codec = codecs[id];
  if (codec === undefined) throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', `there is no codec with the number ${id}`);
  return codec;
}

/** Compresses all of `bytes`. Only gzip (1..9) and zstd (-131072..22) have levels. For 'none' the answer is `bytes` itself. */
export function compress(codec: Codec, bytes: Uint8Array, level?: number): Buffer {
  switch (codec) {
    case 'none':
      return asBuffer(bytes);
    case 'gzip':
      return zlib.gzipSync(bytes, level === undefined ? {} : { level });
    case 'snappy':
      return compressSnappy(bytes);
    case 'lz4':
      return compressLz4(bytes);
    case 'zstd':
      return zlib.zstdCompressSync(bytes, level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } });
  }
}

/**
 * Undoes `compress`, and what other clients' libraries write: both framings of snappy, any LZ4 frame without a dictionary,
 * several gzip members or frames in a row. For 'none' the answer is `bytes` itself.
 * @param maxBytes how large the answer may become; work and memory stay within it whatever the input claims
 * @throws KafkaError MESSAGE_TOO_LARGE when there is more, INVALID_RECORD when the input is malformed
 */
export function decompress(codec: Codec, bytes: Uint8Array, maxBytes: number): Buffer {
  switch (codec) {
    case 'none':
      if (bytes.length > maxBytes) throw tooLarge(codec, maxBytes);
      return asBuffer(bytes);
    case 'gzip':
      return decompressGzip(bytes, maxBytes);
    case 'snappy':
      return decompressSnappy(bytes, maxBytes);
    case 'lz4':
      return decompressLz4(bytes, maxBytes);
    case 'zstd':
      return decompressZstd(bytes, maxBytes);
  }
}

/** zlib reads all members of a gzip file by itself. */
function decompressGzip(bytes: Uint8Array, maxBytes: number): Buffer {
  return inflate('gzip', bytes, maxBytes, maxBytes, (options) => zlib.gunzipSync(bytes, options));
}

/** Node stops after one frame and drops the rest without a word, so its count of the bytes it has read tells where to go on. */
function decompressZstd(bytes: Uint8Array, maxBytes: number): Buffer {
  const frames: Buffer[] = [];
  let left = maxBytes;
  let at = 0;
  do {
    const rest = at === 0 ? bytes : bytes.subarray(at);
    const frame = inflate('zstd', rest, left, maxBytes, (options) => {
      // The types of Node do not know what `info` does to the answer.
      const { buffer, engine } = zlib.zstdDecompressSync(rest, { ...options, info: true }) as unknown as Inflated;
      if (engine.bytesWritten === 0) throw new Error('nothing in it could be read');
      at += engine.bytesWritten;
      return buffer;
    });
    left -= frame.length;
    frames.push(frame);
  } while (at < bytes.length);
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}

interface Inflated {
  buffer: Buffer;
  /** `bytesWritten` counts what was written into the engine: the input it has read. */
  engine: { bytesWritten: number };
}

/**
 * Calls one of zlib's functions within a bound.
 * @param left how much it may say
 * @param maxBytes the bound to name in an error, of which `left` is left
 */
function inflate(
  codec: Codec,
  input: Uint8Array,
  left: number,
  maxBytes: number,
  undo: (options: { maxOutputLength: number; chunkSize: number }) => Buffer,
): Buffer {
  // zlib refuses a bound of zero. An answer of one byte is then still too large, and is found so below.
  const maxOutputLength = Math.max(1, left);
  const chunkSize = Math.max(1024, Math.min(4 * input.length, maxOutputLength, 256 * 1024));
  let inflated: Buffer;
  try {
    inflated = undo({ maxOutputLength, chunkSize });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(codec, maxBytes);
    throw malformed(codec, error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (inflated.length > left) throw tooLarge(codec, maxBytes);
  return inflated;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
