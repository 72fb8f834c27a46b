import { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';
import { xxhash32 } from './xxhash32.ts';

const text = Buffer.from('to be or not to be, that is the question: '.repeat(5000)); // 210 kB

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function uint32le(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** A frame made by hand: descriptor, blocks as given, end. */
function lz4Frame(flags: number, blockSizeId: number, parts: Buffer[], size?: bigint, contentChecksum?: number): Buffer {
  const sizeField = Buffer.alloc(size === undefined ? 0 : 8);
  if (size !== undefined) sizeField.writeBigUInt64LE(size);
  const descriptor = Buffer.concat([Buffer.from([flags, blockSizeId << 4]), sizeField]);
  const checksum = contentChecksum === undefined ? Buffer.alloc(0) : uint32le(contentChecksum);
  return Buffer.concat([
    uint32le(0x184d2204),
    descriptor,
    Buffer.from([(xxhash32(descriptor) >>> 8) & 0xff]),
    ...parts,
    uint32le(0),
    checksum,
  ]);
}

/** A block that is stored as it is. */
function stored(content: string): Buffer {
  return Buffer.concat([uint32le(content.length | 0x80000000), Buffer.from(content)]);
}

/** A compressed block: `literals`, then a match of five bytes `distance` back, then the five literals that the format wants last. */
function matching(literals: string, distance: number): Buffer {
  const block = Buffer.concat([
    Buffer.from([(literals.length << 4) | 1]),
    Buffer.from(literals),
    Buffer.from([distance & 0xff, distance >> 8, 0x50]),
    Buffer.from('.....'),
  ]);
  return Buffer.concat([uint32le(block.length), block]);
}

test('snappy is written as the stream that Java reads: header, then blocks of 32 KiB with their lengths', () => {
  const stream = compressSnappy(text);

  expect(stream.subarray(0, 16).toString('latin1')).toBe('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01');
  const firstLength = stream.readInt32BE(16);
  expect(snappyDecompress(stream.subarray(20, 20 + firstLength))).toEqual(text.subarray(0, 32 * 1024));
});

test('a raw snappy block is read, as librdkafka sends it', () => {
  expect(decompressSnappy(snappyCompress(text), text.length)).toEqual(text);
});

test('raw snappy blocks of any content are read as the other implementation means them', () => {
  fc.assert(
    // Never nothing at all: on that the WebAssembly module throws once its memory has grown. The codec does not ask it.
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 }), (parts) => {
      const bytes = Buffer.concat([...parts, ...parts]);
      expect(decompressSnappy(snappyCompress(bytes), bytes.length)).toEqual(bytes);
    }),
  );
});

test('snappy streams in a row are one content', () => {
  const twice = Buffer.concat([compressSnappy(Buffer.from('Hello ')), compressSnappy(Buffer.from('World'))]);

  expect(decompressSnappy(twice, 11).toString()).toBe('Hello World');
});

test('the blocks of a snappy stream share one bound', () => {
  expect(() => decompressSnappy(compressSnappy(text), text.length - 1)).toThrow(/more than the allowed 209999 bytes/);
});

test('a snappy block that claims more than its bytes can say is refused before memory is taken for it', () => {
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3]); // 2 GiB in three bytes

  expect(() => decompressSnappy(claim, 2 ** 31)).toThrow(/cannot say 2147483647/);
  expect(() => decompressSnappy(claim, 2 ** 20)).toThrow(/more than the allowed/);
});

test.each([
  { name: 'is negative', length: int32(-1) },
  { name: 'lies beyond the end', length: int32(1000) },
  { name: 'is cut off', length: Buffer.from([0, 0]) },
])('a snappy stream whose block length $name is malformed', ({ length }) => {
  const stream = Buffer.concat([compressSnappy(Buffer.alloc(0)), length]);

  expect(() => decompressSnappy(stream, 100)).toThrow(/malformed snappy/);
});

test.each([
  { name: 'copies from before the beginning', block: [8, 0x09, 4] },
  { name: 'copies from nowhere', block: [8, 0x00, 65, 0x09, 0] },
  { name: 'says less than it claims', block: [8, 0x00, 65] },
  { name: 'says more than it claims', block: [1, 0x04, 65, 66] },
  { name: 'ends within a literal', block: [8, 0x1c, 65] },
  { name: 'ends within the length of a literal', block: [8, 0xf4, 1] },
  { name: 'ends within a copy', block: [8, 0x00, 65, 0x0e, 1] },
])('a snappy block that $name is malformed', ({ block }) => {
  expect(() => decompressSnappy(Buffer.from(block), 100)).toThrow(/malformed snappy/);
});

test('LZ4 is written with the header that Java writes: independent blocks of 64 KiB, no checksums', () => {
  const frame = compressLz4(text);

  expect(frame.subarray(0, 7).toString('hex')).toBe('04224d18604082');
  expect(lz4Decompress(frame)).toEqual(text);
});

test('LZ4 frames with blocks of 4 MiB are read', () => {
  const longText = Buffer.concat([text, text]);
  const frame = lz4Compress(longText);

  expect(frame[5]).toBe(0x70);
  expect(decompressLz4(frame, longText.length)).toEqual(longText);
});

test('LZ4 frames in a row are one content, and skippable ones say nothing', () => {
  const skippable = Buffer.concat([uint32le(0x184d2a5f), uint32le(3), Buffer.from('abc')]);
  const frames = Buffer.concat([compressLz4(Buffer.from('Hello ')), skippable, compressLz4(Buffer.from('World'))]);

  expect(decompressLz4(frames, 11).toString()).toBe('Hello World');
});

test('an LZ4 frame may carry its size and checksums', () => {
  const block = Buffer.concat([stored('Hello'), uint32le(xxhash32(Buffer.from('Hello')))]);

  const frame = lz4Frame(0x7c, 4, [block], 5n, xxhash32(Buffer.from('Hello')));

  expect(decompressLz4(frame, 5).toString()).toBe('Hello');
});

test('an LZ4 block may refer to the one before it only when the frame says that blocks are linked', () => {
  const blocks = [stored('0123456789'), matching('ab', 12)];

  expect(decompressLz4(lz4Frame(0x40, 4, blocks), 100).toString()).toBe('0123456789ab01234.....');
  expect(() => decompressLz4(lz4Frame(0x60, 4, blocks), 100)).toThrow(/before the beginning/);
});

test('a linked LZ4 block never refers to the frame before', () => {
  const frames = Buffer.concat([lz4Frame(0x40, 4, [stored('0123456789')]), lz4Frame(0x40, 4, [matching('ab', 12)])]);

  expect(() => decompressLz4(frames, 100)).toThrow(/before the beginning/);
});

test.each([
  { name: 'a wrong checksum of its content', frame: lz4Frame(0x64, 4, [stored('Hello')], undefined, 1) },
  { name: 'a wrong checksum of a block', frame: lz4Frame(0x70, 4, [stored('Hello'), uint32le(1)]) },
  { name: 'less content than it claims', frame: lz4Frame(0x68, 4, [stored('Hello')], 6n) },
  { name: 'a dictionary', frame: lz4Frame(0x61, 4, [stored('Hello')]) },
  { name: 'another version', frame: lz4Frame(0xa0, 4, [stored('Hello')]) },
  { name: 'a block size that is not defined', frame: lz4Frame(0x60, 3, [stored('Hello')]) },
  { name: 'a block larger than its blocks may be', frame: lz4Frame(0x60, 4, [stored('x'.repeat(65_537))]) },
  { name: 'a match from nowhere', frame: lz4Frame(0x60, 4, [matching('ab', 0)]) },
  { name: 'no end', frame: compressLz4(text).subarray(0, -4) },
  { name: 'a cut header', frame: Buffer.from('04224d1860', 'hex') },
  { name: 'a wrong checksum of its header', frame: Buffer.from('04224d1860408300000000', 'hex') },
])('an LZ4 frame with $name is malformed', ({ frame }) => {
  expect(() => decompressLz4(frame, 100_000_000)).toThrow(/malformed lz4/);
});

test('an LZ4 frame that claims more than the bound is refused at once', () => {
  expect(() => decompressLz4(lz4Frame(0x68, 7, [stored('Hello')], 1n << 62n), 1000)).toThrow(/more than the allowed 1000 bytes/);
});

test('an LZ4 block that says more than the blocks of its frame may is malformed', () => {
  const run = Buffer.concat([Buffer.from([0x1f, 65, 1, 0]), Buffer.alloc(300, 255), Buffer.from([0, 0x50]), Buffer.from('.....')]);

  expect(() => decompressLz4(lz4Frame(0x60, 4, [uint32le(run.length), run]), 1_000_000)).toThrow(/more than its frame allows/);
});
