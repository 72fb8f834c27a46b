import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sizeOfVarint, sizeOfVarlong, VarintReader, writeVarint, writeVarlong } from './varint.ts';

function reader(bytes: number[] | Uint8Array): VarintReader {
  return new VarintReader(Uint8Array.from(bytes), 0, bytes.length, (reason) => new Error(reason));
}

test.each([
  { value: 0, bytes: [0] },
  { value: -1, bytes: [1] },
  { value: 1, bytes: [2] },
  { value: 63, bytes: [0x7e] },
  { value: 64, bytes: [0x80, 0x01] },
  { value: -65, bytes: [0x81, 0x01] },
  { value: 2147483647, bytes: [0xfe, 0xff, 0xff, 0xff, 0x0f] },
  { value: -2147483648, bytes: [0xff, 0xff, 0xff, 0xff, 0x0f] },
])('$value is written as $bytes', ({ value, bytes }) => {
  const target = new Uint8Array(bytes.length);

  expect(writeVarint(target, 0, value)).toBe(bytes.length);
  expect([...target]).toEqual(bytes);
  expect(sizeOfVarint(value)).toBe(bytes.length);
  expect(reader(bytes).varint()).toBe(value);
});

test('every int32 comes back', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const target = new Uint8Array(sizeOfVarint(value));

      expect(writeVarint(target, 0, value)).toBe(target.length);
      expect(reader(target).varint()).toBe(value);
    }),
  );
});

test('every int64 comes back, whether it is given as a number or as a bigint', () => {
  const edges = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 48n, -(2n ** 48n) - 1n, 2n ** 53n, -(2n ** 31n), 2n ** 31n].map((edge) =>
    fc.constant(edge),
  );
  fc.assert(
    fc.property(fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger().map(BigInt), ...edges), (value) => {
      for (const given of Number.isSafeInteger(Number(value)) ? [value, Number(value)] : [value]) {
        const target = new Uint8Array(sizeOfVarlong(given));

        expect(writeVarlong(target, 0, given)).toBe(target.length);
        expect(BigInt(reader(target).varlong())).toBe(value);
      }
    }),
  );
});

test.each([
  { name: 'has more than 32 bits', bytes: [0xff, 0xff, 0xff, 0xff, 0x1f] },
  { name: 'has more than five bytes', bytes: [0x80, 0x80, 0x80, 0x80, 0x80, 0x00] },
  { name: 'is cut off', bytes: [0xff, 0xff] },
  { name: 'is not there', bytes: [] },
])('a varint that $name is refused', ({ bytes }) => {
  expect(() => reader(bytes).varint()).toThrow(/a varint/);
});

test.each([
  { name: 'has more than 64 bits', bytes: [...new Array(9).fill(0xff), 0x02] },
  { name: 'has more than ten bytes', bytes: [...new Array(10).fill(0x80), 0x00] },
  { name: 'is cut off', bytes: [0xff, 0xff] },
  { name: 'is cut off late', bytes: new Array(9).fill(0xff) },
])('a varlong that $name is refused', ({ bytes }) => {
  expect(() => reader(bytes).varlong()).toThrow(/a varlong/);
});
