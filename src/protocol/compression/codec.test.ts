import { randomFillSync } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KafkaError } from '../errors.ts';
import { type Codec, codecId, codecOf, compress, decompress, requireCodec } from './codec.ts';

const codecs: Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const compressing: Codec[] = ['gzip', 'snappy', 'lz4', 'zstd'];

/** Bytes that compress somewhat, with runs and repetitions at many distances. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.nat(3000)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
    ),
  )
  .chain((parts) => fc.shuffledSubarray([...parts, ...parts, ...parts], { minLength: parts.length }))
  .map((parts) => Buffer.concat(parts));

function errorOf(act: () => unknown): string {
  try {
    act();
    return 'NONE';
  } catch (error) {
    if (error instanceof KafkaError) return error.errorName;
    throw error;
  }
}

test('codecs have the numbers of the batch attributes', () => {
  expect(codecs.map(codecId)).toEqual([0, 1, 2, 3, 4]);
  expect([0, 1, 2, 3, 4].map(requireCodec)).toEqual(codecs);
  expect(codecOf(5)).toBeUndefined();
  expect(errorOf(() => requireCodec(7))).toBe('UNSUPPORTED_COMPRESSION_TYPE');
});

describe.each(codecs)('%s', (codec) => {
  test('decompressing undoes compressing, and the size itself is a sufficient bound', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array()), (bytes) => {
        expect(decompress(codec, compress(codec, bytes), bytes.length)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each([0, 1, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 300_000])('%i random bytes come back', (size) => {
    const bytes = randomFillSync(Buffer.alloc(size));

    expect(decompress(codec, compress(codec, bytes), size)).toEqual(bytes);
  });

  test('one byte more than the bound is refused, whatever the bound', () => {
    fc.assert(
      fc.property(repetitive, fc.nat(20_000), (bytes, bound) => {
        const expected = bytes.length > bound ? 'MESSAGE_TOO_LARGE' : 'NONE';

        expect(errorOf(() => decompress(codec, compress(codec, bytes), bound))).toBe(expected);
      }),
    );
  });
});

describe.each(compressing)('hostile %s', (codec) => {
  const bomb = compress(codec, Buffer.alloc(64 * 1024 * 1024));

  test('a bomb of 64 MiB is refused within its bound', () => {
    const before = process.memoryUsage().rss;

    expect(errorOf(() => decompress(codec, bomb, 1024 * 1024))).toBe('MESSAGE_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
  });

  test('input that ends early is malformed', () => {
    const whole = compress(codec, Buffer.from('a sentence, and again: a sentence, and again: a sentence. '.repeat(20)));

    for (let length = 1; length < whole.length; length++) {
      // A snappy stream may end after any block; here that is only after its header.
      const expected = codec === 'snappy' && length === 16 ? 'NONE' : 'INVALID_RECORD';
      expect(`${length} ${errorOf(() => decompress(codec, whole.subarray(0, length), 20_000))}`).toBe(`${length} ${expected}`);
    }
  });

  test('no input at all is malformed', () => {
    expect(errorOf(() => decompress(codec, Buffer.alloc(0), 100))).toBe('INVALID_RECORD');
  });

  test('arbitrary bytes, and damaged ones, give an answer within the bound or a KafkaError', () => {
    const good = compress(codec, Buffer.from('one two three four five six seven '.repeat(30)));
    const damaged = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => changes.reduce((bytes, [at, byte]) => bytes.fill(byte, at, at + 1), Buffer.from(good)));

    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        expect(['NONE', 'INVALID_RECORD', 'MESSAGE_TOO_LARGE']).toContain(
          errorOf(() => expect(decompress(codec, bytes, 5000).length).toBeLessThanOrEqual(5000)),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

test('a level is passed on to gzip and zstd', () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * index) >>> 7));

  expect(compress('gzip', bytes, 9).length).toBeLessThan(compress('gzip', bytes, 1).length);
  expect(compress('zstd', bytes, 19).length).toBeLessThan(compress('zstd', bytes, -50).length);
});

test('gzip members in a row are one content', () => {
  const members = Buffer.concat([gzipSync('Hello '), gzipSync('World')]);

  expect(decompress('gzip', members, 11).toString()).toBe('Hello World');
});

test('zstd frames in a row are one content', () => {
  const frames = Buffer.concat([zstdCompressSync('Hello '), zstdCompressSync('World')]);

  expect(decompress('zstd', frames, 11).toString()).toBe('Hello World');
});

test('zstd frames in a row share one bound', () => {
  const frames = Buffer.concat([zstdCompressSync(Buffer.alloc(600)), zstdCompressSync(Buffer.alloc(600))]);

  expect(decompress('zstd', frames, 1200).length).toBe(1200);
  expect(errorOf(() => decompress('zstd', frames, 1199))).toBe('MESSAGE_TOO_LARGE');
});

test('zstd with something else behind it is malformed', () => {
  const bytes = Buffer.concat([zstdCompressSync('Hello'), Buffer.from('something else')]);

  expect(errorOf(() => decompress('zstd', bytes, 100))).toBe('INVALID_RECORD');
});

test('zstd at its highest level, whose window is 128 MiB, can be read', () => {
  const bytes = Buffer.from('a large window '.repeat(1000));
  const compressed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 22, [constants.ZSTD_c_windowLog]: 27 } });

  expect(decompress('zstd', compressed, bytes.length)).toEqual(bytes);
});
