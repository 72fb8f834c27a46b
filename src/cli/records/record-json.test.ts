import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogRecord } from '#protocol';
import { recordAsJson, recordFromJson } from './record-json.ts';

const bytes = fc.option(
  fc
    .oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
    )
    .map((each) => Buffer.from(each)),
);
const records: fc.Arbitrary<LogRecord> = fc.record({
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  timestamp: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
  key: bytes,
  value: bytes,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: bytes }), { maxLength: 4 }),
});

test('a record comes back from its line with all that it had', () => {
  fc.assert(
    fc.property(records, (record) => {
      const line = recordAsJson(JSON.stringify('orders'), 3, record);

      const read = recordFromJson(JSON.parse(line));

      expect(line).not.toContain('\n');
      expect({ ...read, headers: read.headers ?? [], timestamp: BigInt(read.timestamp!) }).toEqual({
        topic: 'orders',
        partition: 3,
        sourceOffset: record.offset,
        timestamp: record.timestamp,
        key: record.key,
        value: record.value,
        headers: record.headers,
      });
    }),
  );
});

test('a header may come several times, and their order is kept', () => {
  const headers = [
    ['a', '1'],
    ['b', null],
    ['a', '2'],
  ];

  expect(recordFromJson({ value: '', headers }).headers).toEqual([
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
    { key: 'a', value: Buffer.from('2') },
  ]);
});

test.each([
  { json: [], error: 'this is not a JSON object' },
  { json: {}, error: 'it has no "value"' },
  { json: { value: 1 }, error: '"value" is neither text nor null' },
  { json: { value: { base64: '%' } }, error: '"value" is not base64' },
  { json: { value: '', valeu: '' }, error: '"valeu" is not known' },
  { json: { value: '', partition: -1 }, error: '"partition" is a whole number' },
  { json: { value: '', timestamp: 'now' }, error: '"timestamp" is not a whole number' },
  { json: { value: '', headers: ['a'] }, error: 'a header is a pair' },
])('$json is no record: $error', ({ json, error }) => {
  expect(() => recordFromJson(json)).toThrow(error);
});
