import { expect, test } from 'vitest';
import { batchesIn, buildEndTransactionMarker, buildRecordBatch } from '#protocol';
import { committedRecords } from './committed-records.ts';

const producer = { producerId: 7n, producerEpoch: 0 };
const record = (text: string) => ({ value: Buffer.from(text) });
const inTransaction = (baseOffset: bigint, ...texts: string[]) =>
  buildRecordBatch({ ...producer, isTransactional: true, baseSequence: 0, baseOffset, records: texts.map(record) });
const marker = (type: 'COMMIT' | 'ABORT', baseOffset: bigint) =>
  buildEndTransactionMarker({ ...producer, type, coordinatorEpoch: 0, timestamp: 0, baseOffset });

function read(bytes: Buffer, aborted: { producerId: bigint; firstOffset: bigint }[], from = 0n) {
  return [...committedRecords(batchesIn(bytes), aborted, from)].map(({ records, nextOffset }) => ({
    texts: records.map(({ value }) => value!.toString()),
    nextOffset,
  }));
}

test('T2: aborted records and markers are left out, and the same producer is heard again after its marker', () => {
  const bytes = Buffer.concat([
    inTransaction(0n, 'aborted', 'too'),
    marker('ABORT', 2n),
    inTransaction(3n, 'committed'),
    marker('COMMIT', 4n),
    buildRecordBatch({ baseOffset: 5n, records: [record('plain')] }),
  ]);

  expect(read(bytes, [{ producerId: 7n, firstOffset: 0n }])).toEqual([
    { texts: [], nextOffset: 2n },
    { texts: [], nextOffset: 3n },
    { texts: ['committed'], nextOffset: 4n },
    { texts: [], nextOffset: 5n },
    { texts: ['plain'], nextOffset: 6n },
  ]);
});

test('T2: a transaction that was aborted before does not touch one that comes after, whichever order they are named in', () => {
  const bytes = Buffer.concat([inTransaction(0n, 'a'), marker('COMMIT', 1n), inTransaction(2n, 'b'), marker('ABORT', 3n)]);

  expect(read(bytes, [{ producerId: 7n, firstOffset: 2n }]).flatMap(({ texts }) => texts)).toEqual(['a']);
  expect(
    read(bytes, [
      { producerId: 7n, firstOffset: 2n },
      { producerId: 9n, firstOffset: 0n },
    ]).flatMap(({ texts }) => texts),
  ).toEqual(['a']);
});

test('records before the offset that was asked for are left out', () => {
  const bytes = buildRecordBatch({ baseOffset: 4n, records: [record('four'), record('five'), record('six')] });

  expect(read(bytes, [], 5n)).toEqual([{ texts: ['five', 'six'], nextOffset: 7n }]);
});
