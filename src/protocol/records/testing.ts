import fc from 'fast-check';
import { crc32c } from '../crc32c.ts';
import { type ErrorName, KafkaError } from '../errors.ts';
import type { RecordInput } from './build.ts';
import { layout } from './layout.ts';

/** For the tests of this folder: the name of the error that `act` throws, 'NONE' when it throws none. Other exceptions pass. */
export function errorOf(act: () => unknown): ErrorName {
  try {
    act();
    return 'NONE';
  } catch (error) {
    if (error instanceof KafkaError) return error.errorName;
    throw error;
  }
}

/** A copy of a batch with other bytes, and a checksum that fits them. */
export function altered(batch: Buffer, alter: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  alter(copy);
  copy.writeUInt32BE(crc32c(copy, layout.attributes), layout.crc);
  return copy;
}

/** A batch around these bytes in place of its records. */
export function withRecords(batch: Buffer, records: Uint8Array): Buffer {
  return altered(Buffer.concat([batch.subarray(0, layout.records), records]), (copy) =>
    copy.writeInt32BE(copy.length - 12, layout.batchLength),
  );
}

const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const nullableBytes = fc.option(bytes);

/** Any record that a producer may send. */
export const anyRecord: fc.Arbitrary<RecordInput & { timestamp: bigint; key: Buffer | null; value: Buffer | null }> = fc.record({
  key: nullableBytes,
  value: nullableBytes,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 10 }), value: nullableBytes }), { maxLength: 3 }),
  timestamp: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: 1_700_000_000_000n, max: 1_700_000_100_000n }),
  ),
});
