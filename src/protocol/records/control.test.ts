import { expect, test } from 'vitest';
import { buildControlBatch, buildEndTransactionMarker, controlRecordKey, controlRecordType, readEndTransactionMarker } from './control.ts';
import { RecordBatch } from './record-batch.ts';

test.each([
  { type: 'ABORT', number: 0 },
  { type: 'COMMIT', number: 1 },
  { type: 'LEADER_CHANGE', number: 2 },
  { type: 'SNAPSHOT_HEADER', number: 3 },
  { type: 'SNAPSHOT_FOOTER', number: 4 },
  { type: 'KRAFT_VERSION', number: 5 },
  { type: 'KRAFT_VOTERS', number: 6 },
] as const)('$type has the number $number', ({ type, number }) => {
  const key = controlRecordKey(type);

  expect([...key]).toEqual([0, 0, 0, number]);
  expect(controlRecordType(key)).toBe(type);
});

test('a control record of a type that nobody knows yet has none', () => {
  expect(controlRecordType(Buffer.from([0, 0, 0, 7]))).toBeUndefined();
  expect(controlRecordType(Buffer.from([0, 0, 0xff, 0xff]))).toBeUndefined();
});

test.each([{ key: null }, { key: Buffer.alloc(3) }])('a control record whose key is $key is malformed', ({ key }) => {
  expect(() => controlRecordType(key)).toThrow(/version and a type/);
});

test('a control batch holds its records in order, all with its timestamp', () => {
  const value = Buffer.from([0, 1, 2]);

  const batch = new RecordBatch(
    buildControlBatch({
      baseOffset: 7n,
      leaderEpoch: 3,
      timestamp: 1234,
      records: [
        { type: 'SNAPSHOT_HEADER', value },
        { type: 'KRAFT_VERSION', value: Buffer.alloc(0) },
      ],
    }),
  );

  expect(batch.isControl).toBe(true);
  expect(batch.isTransactional).toBe(false);
  expect(batch.partitionLeaderEpoch).toBe(3);
  expect([...batch.records()]).toEqual([
    { offset: 7n, timestamp: 1234n, key: controlRecordKey('SNAPSHOT_HEADER'), value, headers: [] },
    { offset: 8n, timestamp: 1234n, key: controlRecordKey('KRAFT_VERSION'), value: Buffer.alloc(0), headers: [] },
  ]);
});

test('the end of a transaction comes back', () => {
  const bytes = buildEndTransactionMarker({ type: 'COMMIT', coordinatorEpoch: 12, producerId: 4711n, producerEpoch: 3, timestamp: 99n });

  const batch = new RecordBatch(bytes);
  const [record] = batch.records();

  expect(readEndTransactionMarker(record!)).toEqual({ type: 'COMMIT', coordinatorEpoch: 12 });
  expect(batch.isControl && batch.isTransactional).toBe(true);
  expect(batch.producerId).toBe(4711n);
  expect(batch.producerEpoch).toBe(3);
  expect(batch.baseSequence).toBe(-1);
});

test('another control record ends no transaction', () => {
  expect(readEndTransactionMarker({ key: controlRecordKey('LEADER_CHANGE'), value: Buffer.alloc(6) })).toBeUndefined();
});

test.each([{ value: null }, { value: Buffer.alloc(5) }])('the end of a transaction whose value is $value is malformed', ({ value }) => {
  expect(() => readEndTransactionMarker({ key: controlRecordKey('ABORT'), value })).toThrow(/version and a coordinator epoch/);
});
