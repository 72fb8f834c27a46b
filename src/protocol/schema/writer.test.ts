import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

function written(write: (writer: Writer) => void): string {
  const writer = new Writer();
  write(writer);
  return Buffer.concat(writer.finish()).toString('hex');
}

test('what was written is read back, wherever the chunks end', () => {
  const value = fc.oneof(
    fc.record({ type: fc.constant('int8' as const), value: fc.integer({ min: -128, max: 127 }) }),
    fc.record({ type: fc.constant('int32' as const), value: fc.integer() }),
    fc.record({ type: fc.constant('int64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ type: fc.constant('float64' as const), value: fc.double({ noNaN: true }) }),
    fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
    fc.record({ type: fc.constant('unsignedVarint' as const), value: fc.nat(0xffff_ffff) }),
    fc.record({ type: fc.constant('compactString' as const), value: fc.string({ unit: 'binary', maxLength: 300 }) }),
    fc.record({ type: fc.constant('bytes' as const), value: fc.nat(3000).map((size) => Buffer.alloc(size, size)) }),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 300, size: 'max' }), (values) => {
      const writer = new Writer();

      for (const { type, value } of values) writer[type](value as never);

      const { size } = writer;
      const bytes = Buffer.concat(writer.finish());
      expect(bytes.length).toBe(size);
      const reader = new Reader(bytes);
      for (const { type, value } of values) expect(reader[type]()).toEqual(value);
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

test('large bytes are a piece of their own, by reference', () => {
  const large = Buffer.alloc(5_000, 7);
  const writer = new Writer();
  writer.int32(1);
  writer.bytes(large);
  writer.int32(2);

  const pieces = writer.finish();

  expect(pieces.map((piece) => piece.length)).toEqual([8, 5_000, 4]);
  expect(pieces[1]).toBe(large);
});

test.each([
  { type: 'int8', value: 128 },
  { type: 'int16', value: -32_769 },
  { type: 'int32', value: 2 ** 31 },
  { type: 'int32', value: 1.5 },
  { type: 'int32', value: Number.NaN },
  { type: 'int32', value: undefined },
  { type: 'int64', value: 2n ** 63n },
  { type: 'uint16', value: -1 },
  { type: 'uint32', value: 2 ** 32 },
  { type: 'unsignedVarint', value: -1 },
  { type: 'uuid', value: 'AAAA' },
  { type: 'uuid', value: '!AAAAAAAAAAAAAAAAAAAAA' },
  { type: 'string', value: 'é'.repeat(16_384) },
] as const)('$value does not fit into $type and is refused, not cut', ({ type, value }) => {
  expect(() => written((writer) => writer[type](value as never))).toThrow(RangeError);
});

test('characters beyond ASCII are written as UTF-8', () => {
  expect(written((writer) => writer.string('Grüße'))).toBe('00074772c3bcc39f65');
  expect(written((writer) => writer.compactString('日本'))).toBe('07e697a5e69cac');
});
