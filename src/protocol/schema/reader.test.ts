import { expect, test } from 'vitest';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'));
}

test.each([
  { hex: '00', value: 0 },
  { hex: '7f', value: 127 },
  { hex: '8001', value: 128 },
  { hex: 'ffff7f', value: 0x1f_ffff },
  { hex: 'ffffffff0f', value: 0xffff_ffff },
])('the unsigned varint $hex is $value', ({ hex, value }) => {
  expect(reader(hex).unsignedVarint()).toBe(value);
});

test.each([
  { hex: '80', because: 'it has no end' },
  { hex: 'ffffffff10', because: 'it needs 33 bits' },
  { hex: 'ffffffffffff01', because: 'it goes on beyond five bytes' },
])('the unsigned varint $hex is malformed: $because', ({ hex }) => {
  expect(() => reader(hex).unsignedVarint()).toThrow(ProtocolError);
});

test.each([
  { hex: '0002c328', because: 'a second byte is missing' },
  { hex: '0002c0af', because: 'it is longer than it need be' },
  { hex: '0003eda080', because: 'it is half of a surrogate pair' },
  { hex: '0001ff', because: 'no character starts so' },
])('the string $hex is not UTF-8: $because', ({ hex }) => {
  expect(() => reader(hex).string()).toThrow(/not UTF-8/);
});

test('a string may hold the replacement character itself', () => {
  expect(reader('0003efbfbd').string()).toBe('\uFFFD');
});

test.each([
  { hex: '00056f6e65', because: 'it ends early' },
  { hex: 'ffff', because: 'null is not allowed' },
  { hex: '8000', because: 'its length is negative' },
])('the string $hex is malformed: $because', ({ hex }) => {
  expect(() => reader(hex).string()).toThrow(ProtocolError);
});

test('a compact string of more than 32,767 bytes is malformed even when they are there', () => {
  const bytes = Buffer.concat([Buffer.from('818002', 'hex'), Buffer.alloc(32_768, 'a')]);

  expect(() => new Reader(bytes).compactString()).toThrow(/a string of 32768 bytes/);
});

test('null is told from empty', () => {
  expect(reader('ffff').nullableString()).toBeNull();
  expect(reader('0000').nullableString()).toBe('');
  expect(reader('00').compactNullableString()).toBeNull();
  expect(reader('01').compactNullableString()).toBe('');
  expect(reader('00').compactNullableBytes()).toBeNull();
  expect(reader('ffffffff').nullableBytes()).toBeNull();
});

test('bytes are a view of the buffer, not a copy', () => {
  const buffer = Buffer.from('00000002aabb', 'hex');

  const bytes = new Reader(buffer).bytes();
  buffer[4] = 0xcc;

  expect(bytes.toString('hex')).toBe('ccbb');
});

test.each([
  'int8',
  'int16',
  'int32',
  'int64',
  'uint16',
  'uint32',
  'float64',
  'bool',
  'uuid',
] as const)('%s is never read past the end', (type) => {
  const within = new Reader(Buffer.alloc(40), 0, 20);

  expect(() => {
    for (let i = 0; i < 30; i++) within[type]();
  }).toThrow(ProtocolError);
  expect(within.position).toBeLessThanOrEqual(20);
});
