import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Codec, compress } from '../compression/codec.ts';
import { batchesIn, batchSizeAt, nextBatch } from './batches.ts';
import { buildRecordBatch } from './build.ts';
import { layout, recordBatchHeaderSize } from './layout.ts';
import { RecordBatch } from './record-batch.ts';
import { altered, anyRecord, errorOf, withRecords } from './testing.ts';

const codecs: Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const compressing = codecs.slice(1);
const hello = buildRecordBatch({ records: [{ key: 'greeting', value: 'Hello', timestamp: 1000 }, { value: 'World' }] });

test.each(codecs)('with %s, any records come back as they were', (compression) => {
  const anyBatch = fc.record({
    records: fc.array(anyRecord, { minLength: 1, maxLength: 30 }),
    baseOffset: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    leaderEpoch: fc.nat(),
    producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    producerEpoch: fc.nat(32767),
    baseSequence: fc.nat(),
    isTransactional: fc.boolean(),
  });
  fc.assert(
    fc.property(anyBatch, (input) => {
      const batch = new RecordBatch(buildRecordBatch({ ...input, compression }));

      expect(errorOf(() => batch.checkForProduce())).toBe('NONE');
      expect(errorOf(() => batch.checkRecords())).toBe('NONE');
      expect([...batch.records()]).toEqual(input.records.map((record, index) => ({ offset: input.baseOffset + BigInt(index), ...record })));
      expect(batch.baseOffset).toBe(input.baseOffset);
      expect(batch.lastOffset).toBe(input.baseOffset + BigInt(input.records.length - 1));
      expect(batch.partitionLeaderEpoch).toBe(input.leaderEpoch);
      expect(batch.compression).toBe(compression);
      expect(batch.producerId).toBe(input.producerId);
      expect(batch.producerEpoch).toBe(input.producerEpoch);
      expect(batch.baseSequence).toBe(input.baseSequence);
      expect(batch.isTransactional).toBe(input.isTransactional);
      expect(batch.baseTimestamp).toBe(input.records[0]!.timestamp);
      expect(batch.maxTimestamp).toBe(input.records.map(({ timestamp }) => timestamp).reduce((one, other) => (other > one ? other : one)));
    }),
  );
});

test('text is UTF-8, and what is left out is null, empty or none', () => {
  const batch = new RecordBatch(buildRecordBatch({ records: [{ value: 'größer' }] }));

  expect([...batch.records()]).toEqual([{ offset: 0n, timestamp: -1n, key: null, value: Buffer.from('größer'), headers: [] }]);
  expect(batch.partitionLeaderEpoch).toBe(-1);
  expect(batch.producerId).toBe(-1n);
  expect(batch.lastSequence).toBe(-1);
  expect(batch.timestampType).toBe('CreateTime');
});

test('the last sequence begins again after 2^31-1', () => {
  const records = [{ value: 'a' }, { value: 'b' }, { value: 'c' }];
  const batch = new RecordBatch(buildRecordBatch({ records, producerId: 1n, producerEpoch: 0, baseSequence: 2 ** 31 - 2 }));

  expect(batch.lastSequence).toBe(0);
});

test('compaction may leave gaps, keep the last offset and set a delete horizon', () => {
  const records = [
    { offset: 12n, value: 'a', timestamp: 5n },
    { offset: 15n, value: 'b', timestamp: 9n },
  ];

  const batch = new RecordBatch(buildRecordBatch({ records, baseOffset: 10n, lastOffsetDelta: 9, deleteHorizonMs: 1000n }));

  expect([...batch.records()].map(({ offset, timestamp }) => ({ offset, timestamp }))).toEqual([
    { offset: 12n, timestamp: 5n },
    { offset: 15n, timestamp: 9n },
  ]);
  expect(batch.lastOffset).toBe(19n);
  expect(batch.deleteHorizonMs).toBe(1000n);
  expect(batch.maxTimestamp).toBe(9n);
});

test.each(codecs)('compaction may take all records out of a %s batch', (compression) => {
  const batch = new RecordBatch(buildRecordBatch({ records: [], lastOffsetDelta: 4, compression }));

  expect([...batch.records()]).toEqual([]);
  expect(batch.isValidCrc()).toBe(true);
  expect(batch.lastOffset).toBe(4n);
});

test.each([
  { name: 'there are neither records nor a last offset', input: { records: [] } },
  {
    name: 'an offset comes twice',
    input: {
      records: [
        { offset: 1n, value: 'a' },
        { offset: 1n, value: 'b' },
      ],
    },
  },
  { name: 'an offset lies before the base offset', input: { baseOffset: 5n, records: [{ offset: 4n, value: 'a' }] } },
  { name: 'the last offset lies before the last record', input: { records: [{ offset: 4n, value: 'a' }], lastOffsetDelta: 3 } },
])('nothing is built when $name', ({ input }) => {
  expect(() => buildRecordBatch(input)).toThrow(RangeError);
});

test('stamping sets base offset and leader epoch and leaves the checksum right', () => {
  const batch = new RecordBatch(Buffer.from(hello));

  batch.stamp(1n << 60n, 77);

  expect(batch.isValidCrc()).toBe(true);
  expect(batch.baseOffset).toBe(1n << 60n);
  expect(batch.partitionLeaderEpoch).toBe(77);
  expect([...batch.records()].map(({ offset }) => offset)).toEqual([1n << 60n, (1n << 60n) + 1n]);
});

test('stamping the append time gives it to all records and makes the checksum right again', () => {
  const batch = new RecordBatch(Buffer.from(hello));

  batch.stampLogAppendTime(5555);

  expect(batch.isValidCrc()).toBe(true);
  expect(batch.timestampType).toBe('LogAppendTime');
  expect([...batch.records()].map(({ timestamp }) => timestamp)).toEqual([5555n, 5555n]);
});

describe('batches in a row', () => {
  const row = Buffer.concat([hello, hello, hello]);

  test('are found one after the other', () => {
    const found = [...batchesIn(row)];

    expect(found.map(({ position }) => position)).toEqual([0, hello.length, 2 * hello.length]);
    for (const batch of found) expect(batch.buffer.equals(hello)).toBe(true);
  });

  test('end before one that is not all there, wherever it is cut', () => {
    for (let length = 0; length < row.length; length++) {
      expect([...batchesIn(row.subarray(0, length))].length).toBe(Math.floor(length / hello.length));
    }
  });

  test('can be stamped in place', () => {
    const copy = Buffer.from(row);
    let offset = 100n;
    for (const batch of batchesIn(copy)) {
      batch.stamp(offset, 4);
      offset = batch.lastOffset + 1n;
    }

    expect([...batchesIn(copy)].map((batch) => batch.baseOffset)).toEqual([100n, 102n, 104n]);
    expect([...batchesIn(copy)].every((batch) => batch.isValidCrc())).toBe(true);
  });

  test('a batch read by its header alone tells its size, and that it is not complete', () => {
    const batch = new RecordBatch(hello.subarray(0, recordBatchHeaderSize));

    expect(batch.sizeInBytes).toBe(hello.length);
    expect(batch.isComplete).toBe(false);
    expect(batch.isValidCrc()).toBe(false);
    expect(errorOf(() => batch.buffer)).toBe('CORRUPT_MESSAGE');
    expect(errorOf(() => [...batch.records()])).toBe('CORRUPT_MESSAGE');
  });

  test('17 bytes tell the size', () => {
    expect(batchSizeAt(hello.subarray(0, 17), 0)).toBe(hello.length);
    expect(batchSizeAt(hello.subarray(0, 16), 0)).toBeUndefined();
    expect(batchSizeAt(row, hello.length)).toBe(hello.length);
  });

  test.each([
    { name: 'zeros', bytes: Buffer.alloc(100) },
    { name: 'a batch of magic 1', bytes: altered(hello, (copy) => copy.writeInt8(1, layout.magic)) },
    { name: 'a negative length', bytes: altered(hello, (copy) => copy.writeInt32BE(-1, layout.batchLength)) },
    { name: 'a length shorter than a header', bytes: altered(hello, (copy) => copy.writeInt32BE(48, layout.batchLength)) },
  ])('$name are no batch', ({ bytes }) => {
    expect(errorOf(() => nextBatch(bytes, 0))).toBe('CORRUPT_MESSAGE');
  });
});

describe('what a producer sends', () => {
  const idempotent = buildRecordBatch({ records: [{ value: 'Hello' }], producerId: 5n, producerEpoch: 0, baseSequence: 0 });
  const { magic, attributes, recordCount, lastOffsetDelta, producerEpoch, baseSequence, producerId, batchLength } = layout;

  test.each([
    { name: 'of magic 1', bytes: altered(hello, (copy) => copy.writeInt8(1, magic)), error: 'INVALID_RECORD' },
    { name: 'with a wrong checksum', bytes: Buffer.from(hello).fill('h', 70, 71), error: 'CORRUPT_MESSAGE' },
    { name: 'that is cut off', bytes: hello.subarray(0, -1), error: 'CORRUPT_MESSAGE' },
    {
      name: 'that claims less than a header',
      bytes: altered(hello, (copy) => copy.writeInt32BE(0, batchLength)),
      error: 'CORRUPT_MESSAGE',
    },
    { name: 'that claims 2 GiB', bytes: altered(hello, (copy) => copy.writeInt32BE(2 ** 31 - 1, batchLength)), error: 'CORRUPT_MESSAGE' },
    { name: 'with another behind it', bytes: Buffer.concat([hello, hello]), error: 'INVALID_RECORD' },
    {
      name: 'of an unknown codec',
      bytes: altered(hello, (copy) => copy.writeInt16BE(5, attributes)),
      error: 'UNSUPPORTED_COMPRESSION_TYPE',
    },
    { name: 'of control records', bytes: altered(hello, (copy) => copy.writeInt16BE(0x20, attributes)), error: 'INVALID_RECORD' },
    { name: 'with a delete horizon', bytes: altered(hello, (copy) => copy.writeInt16BE(0x40, attributes)), error: 'INVALID_RECORD' },
    {
      name: 'with the time of the broker',
      bytes: altered(hello, (copy) => copy.writeInt16BE(0x08, attributes)),
      error: 'INVALID_TIMESTAMP',
    },
    { name: 'of no records', bytes: altered(hello, (copy) => copy.writeInt32BE(0, recordCount)), error: 'INVALID_RECORD' },
    { name: 'of -1 records', bytes: altered(hello, (copy) => copy.writeInt32BE(-1, recordCount)), error: 'INVALID_RECORD' },
    {
      name: 'whose count and last offset differ',
      bytes: altered(hello, (copy) => copy.writeInt32BE(2, lastOffsetDelta)),
      error: 'INVALID_RECORD',
    },
    {
      name: 'of more records than fit',
      bytes: altered(hello, (copy) => {
        copy.writeInt32BE(2 ** 31 - 1, recordCount);
        copy.writeInt32BE(2 ** 31 - 2, lastOffsetDelta);
      }),
      error: 'INVALID_RECORD',
    },
    {
      name: 'without its records',
      bytes: withRecords(
        altered(hello, (copy) => copy.writeInt16BE(1, attributes)),
        Buffer.alloc(0),
      ),
      error: 'INVALID_RECORD',
    },
    {
      name: 'with a producer id and no epoch',
      bytes: altered(idempotent, (copy) => copy.writeInt16BE(-1, producerEpoch)),
      error: 'INVALID_RECORD',
    },
    {
      name: 'with a producer id and no sequence',
      bytes: altered(idempotent, (copy) => copy.writeInt32BE(-1, baseSequence)),
      error: 'INVALID_RECORD',
    },
    {
      name: 'of a transaction without producer',
      bytes: altered(idempotent, (copy) => {
        copy.writeInt16BE(0x10, attributes);
        copy.writeBigInt64BE(-1n, producerId);
      }),
      error: 'INVALID_RECORD',
    },
    { name: 'as it should be', bytes: hello, error: 'NONE' },
    { name: 'of an idempotent producer', bytes: idempotent, error: 'NONE' },
  ])('a batch $name: $error', ({ bytes, error }) => {
    expect(errorOf(() => new RecordBatch(bytes).checkForProduce())).toBe(error);
  });

  test.each(codecs)('with %s, every flip of a bit outside offset and leader epoch is found, and so is every cut', (compression) => {
    const batch = buildRecordBatch({ records: [{ key: 'k', value: 'a value, a value, a value' }, { value: 'b' }], compression });

    for (let bit = 8 * layout.batchLength; bit < 8 * batch.length; bit++) {
      const byte = bit >> 3;
      if (byte >= layout.partitionLeaderEpoch && byte < layout.magic) continue;
      const copy = Buffer.from(batch);
      copy[byte]! ^= 1 << (bit & 7);
      expect(`bit ${bit}: ${errorOf(() => new RecordBatch(copy).checkForProduce())}`).not.toBe(`bit ${bit}: NONE`);
    }
    for (let length = 0; length < batch.length; length++) {
      expect(errorOf(() => new RecordBatch(batch.subarray(0, length)).checkForProduce())).toBe('CORRUPT_MESSAGE');
    }
  });
});

describe('records that do not hold what they claim', () => {
  const one = buildRecordBatch({ records: [{ value: 'v' }] });
  // length, attributes, timestamp delta, offset delta, key length, value length, value, header count
  const good = [14, 0, 0, 0, 1, 2, 118, 0];

  test.each([
    { name: 'as they should be', records: good, error: 'NONE' },
    { name: 'with bytes behind the last', records: [...good, 0], error: 'INVALID_RECORD' },
    { name: 'one too many', records: [...good, ...good], error: 'INVALID_RECORD' },
    { name: 'one too few', records: [], error: 'INVALID_RECORD' },
    { name: 'with a negative length', records: [13, 0, 0, 0, 1, 2, 118, 0], error: 'INVALID_RECORD' },
    { name: 'that reach beyond the batch', records: [16, 0, 0, 0, 1, 2, 118, 0], error: 'INVALID_RECORD' },
    { name: 'shorter than their parts', records: [12, 0, 0, 0, 1, 2, 118, 0], error: 'INVALID_RECORD' },
    { name: 'longer than their parts', records: [16, 0, 0, 0, 1, 2, 118, 0, 0], error: 'INVALID_RECORD' },
    { name: 'with nothing in them', records: [0], error: 'INVALID_RECORD' },
    { name: 'with a key of length -2', records: [14, 0, 0, 0, 3, 2, 118, 0], error: 'INVALID_RECORD' },
    { name: 'with a key beyond the record', records: [14, 0, 0, 0, 100, 2, 118, 0], error: 'INVALID_RECORD' },
    { name: 'with a value beyond the record', records: [14, 0, 0, 0, 1, 100, 118, 0], error: 'INVALID_RECORD' },
    { name: 'with -1 headers', records: [14, 0, 0, 0, 1, 2, 118, 1], error: 'INVALID_RECORD' },
    { name: 'with a billion headers', records: [22, 0, 0, 0, 1, 2, 118, 0x80, 0xa8, 0xd6, 0xb9, 0x07], error: 'INVALID_RECORD' },
    { name: 'with a header that has no key', records: [18, 0, 0, 0, 1, 2, 118, 2, 1, 1], error: 'INVALID_RECORD' },
    { name: 'with a negative offset delta', records: [14, 0, 0, 1, 1, 2, 118, 0], error: 'INVALID_RECORD' },
    { name: 'with an offset beyond the last', records: [14, 0, 0, 2, 1, 2, 118, 0], error: 'INVALID_RECORD' },
  ])('$name: $error', ({ records, error }) => {
    const batch = new RecordBatch(withRecords(one, Buffer.from(records)));

    expect(errorOf(() => batch.checkRecords())).toBe(error);
    expect(errorOf(() => [...batch.records()])).toBe(error);
  });

  test('offsets that do not rise: INVALID_RECORD', () => {
    const two = buildRecordBatch({ records: [{ value: 'v' }, { value: 'v' }] });
    const batch = new RecordBatch(withRecords(two, Buffer.from([...good, ...good])));

    expect(errorOf(() => batch.checkRecords())).toBe('INVALID_RECORD');
  });

  test('a count of 2^31-1 takes no memory before it is found to be wrong', () => {
    const batch = new RecordBatch(
      altered(one, (copy) => {
        copy.writeInt32BE(2 ** 31 - 1, layout.recordCount);
        copy.writeInt32BE(2 ** 31 - 2, layout.lastOffsetDelta);
      }),
    );

    expect(errorOf(() => [...batch.records()])).toBe('INVALID_RECORD');
  });

  test('any bytes in their place give records or a KafkaError, and reading and checking agree', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(5), fc.nat(4), (bytes, count, codec) => {
        const batch = new RecordBatch(
          altered(withRecords(one, bytes), (copy) => {
            copy.writeInt32BE(count, layout.recordCount);
            copy.writeInt32BE(10, layout.lastOffsetDelta);
            copy.writeInt16BE(codec, layout.attributes);
          }),
        );

        const error = errorOf(() => [...batch.records(10_000)]);

        expect(['NONE', 'INVALID_RECORD', 'MESSAGE_TOO_LARGE']).toContain(error);
        expect(errorOf(() => batch.checkRecords(10_000))).toBe(error);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(compressing)('a %s bomb is refused, and passes the look at its header', (compression) => {
    const bomb = compress(compression, Buffer.alloc(64 * 1024 * 1024));
    const header = buildRecordBatch({ compression, records: [{ value: 'x' }] });
    const batch = new RecordBatch(withRecords(header, bomb));

    expect(errorOf(() => batch.checkForProduce())).toBe('NONE');
    expect(errorOf(() => [...batch.records(1024 * 1024)])).toBe('MESSAGE_TOO_LARGE');
  });

  test.each(compressing)('what is no %s at all is refused', (compression) => {
    const header = buildRecordBatch({ compression, records: [{ value: 'x' }] });
    const batch = new RecordBatch(withRecords(header, Buffer.from('these bytes are not compressed')));

    expect(errorOf(() => [...batch.records()])).toBe('INVALID_RECORD');
  });
});
