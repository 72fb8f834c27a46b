import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { batchesIn, buildRecordBatch, controlRecordType, RecordBatch, readEndTransactionMarker } from '#protocol';
import { describeBatches } from './describe-batches.ts';

interface Golden {
  file: string;
  bytes: Buffer;
  batches: object[];
}

const all: Golden[] = readdirSync(import.meta.dirname)
  .filter((file) => file.startsWith('batches-') && file.endsWith('.json'))
  .map(golden);

function golden(file: string): Golden {
  const { bytes, batches } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  return { file, bytes: Buffer.from(bytes, 'hex'), batches };
}

/** The same batch, made again from what we read in it. */
function rebuilt(batch: RecordBatch): Buffer {
  return buildRecordBatch({
    records: [...batch.records()],
    baseOffset: batch.baseOffset,
    leaderEpoch: batch.partitionLeaderEpoch,
    compression: batch.compression,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    timestampType: batch.timestampType,
    timestamp: batch.maxTimestamp,
    lastOffsetDelta: batch.lastOffsetDelta,
    deleteHorizonMs: batch.deleteHorizonMs,
  });
}

test.each(all)('$file: we read what Kafka reads', ({ bytes, batches }) => {
  expect(describeBatches(bytes)).toEqual(batches);
});

test.each(all)('$file: all bytes are used, and every batch passes its checks', ({ bytes }) => {
  let position = 0;
  for (const batch of batchesIn(bytes)) {
    expect(batch.position).toBe(position);
    if (!batch.isControl && batch.timestampType === 'CreateTime' && batch.deleteHorizonMs === undefined) {
      expect(() => new RecordBatch(batch.buffer).checkForProduce()).not.toThrow();
    }
    expect(() => batch.checkRecords()).not.toThrow();
    position += batch.sizeInBytes;
  }

  expect(position).toBe(bytes.length);
});

const uncompressed = all.flatMap(({ file, bytes }) =>
  [...batchesIn(bytes)].filter((batch) => batch.compression === 'none').map((batch) => ({ file, at: batch.baseOffset, batch })),
);

test.each(uncompressed)('$file at $at: what we build is what Kafka built, byte for byte', ({ batch }) => {
  expect(rebuilt(batch).toString('hex')).toBe(batch.buffer.toString('hex'));
});

const compressed = all.flatMap(({ file, bytes }) =>
  [...batchesIn(bytes)].filter((batch) => batch.compression !== 'none').map((batch) => ({ file, at: batch.baseOffset, batch })),
);

test.each(compressed)('$file at $at: a batch that is made again holds the same records', ({ batch }) => {
  const again = new RecordBatch(rebuilt(batch));

  expect([...again.records()]).toEqual([...batch.records()]);
  expect(again.deleteHorizonMs).toBe(batch.deleteHorizonMs);
  expect(again.lastOffset).toBe(batch.lastOffset);
});

test('the control records of Raft are told apart', () => {
  const types = [...batchesIn(golden('batches-raft-control.json').bytes)].flatMap((batch) =>
    [...batch.records()].map((record) => controlRecordType(record.key)),
  );

  expect(types).toEqual(['LEADER_CHANGE', 'SNAPSHOT_HEADER', 'SNAPSHOT_FOOTER', 'KRAFT_VERSION', 'KRAFT_VOTERS']);
});

test.each([
  { file: 'batches-commit-marker.json', expected: { type: 'COMMIT', coordinatorEpoch: 12 } },
  { file: 'batches-abort-marker.json', expected: { type: 'ABORT', coordinatorEpoch: 0 } },
])('$file: the end of a transaction is read', ({ file, expected }) => {
  const [record] = new RecordBatch(golden(file).bytes).records();

  expect(readEndTransactionMarker(record!)).toEqual(expected);
});
