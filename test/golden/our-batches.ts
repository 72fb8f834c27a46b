/**
 * Record batches that we make, for Kafka's own classes to read. README.md says how it is run.
 * write DIR: makes *.bin, one for each kind of batch. compare DIR: reads kafka.json, which RecordBatches.java has
 * printed about them, and ends with 1 when Kafka reads something else than we do.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildControlBatch, buildEndTransactionMarker, buildRecordBatch, type Codec, RecordBatch, type RecordInput } from '#protocol';
import { describeBatches } from './describe-batches.ts';

const [mode, directory] = process.argv.slice(2);
assert(directory !== undefined && (mode === 'write' || mode === 'compare'), 'usage: our-batches.ts write|compare DIR');
if (mode === 'write') write(directory);
else compare(directory);

function write(directory: string): void {
  const save = (name: string, ...batches: Buffer[]) => writeFileSync(join(directory, `${name}.bin`), Buffer.concat(batches));
  const timestamp = 1_700_000_000_000n;
  const mixed: RecordInput[] = [
    { key: 'key', value: 'value', timestamp },
    { key: null, value: Buffer.from([0, 255]), timestamp: timestamp - 100_000n },
    { key: '', value: '', timestamp: timestamp + 10n ** 13n },
    {
      key: 'größe',
      value: null,
      timestamp: 0,
      headers: [
        { key: 'ä', value: null },
        { key: 'a', value: 'b' },
        { key: '', value: '' },
      ],
    },
    { value: 'no timestamp' },
  ];
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies Codec[]) {
    save(`${compression}-one`, buildRecordBatch({ compression, records: [{ value: 'Hello', timestamp }] }));
    save(`${compression}-mixed`, buildRecordBatch({ compression, records: mixed, baseOffset: 1n << 40n, leaderEpoch: 5 }));
    for (const size of [32_768, 65_536, 1_000_000])
      save(`${compression}-${size}`, buildRecordBatch({ compression, records: textOf(size) }));
    save(`${compression}-noise`, buildRecordBatch({ compression, records: noiseOf(300_000) }));
  }
  const producer = { producerId: 4711n, producerEpoch: 3, baseSequence: 2 ** 31 - 2 };
  save('idempotent', buildRecordBatch({ ...producer, records: mixed }));
  save('transactional', buildRecordBatch({ ...producer, isTransactional: true, records: mixed }));
  save('log-append-time', buildRecordBatch({ timestampType: 'LogAppendTime', timestamp, records: mixed }));
  const stamped = buildRecordBatch({ compression: 'lz4', records: mixed });
  new RecordBatch(stamped).stampLogAppendTime(timestamp);
  new RecordBatch(stamped).stamp(777n, 12);
  save('stamped', stamped);
  const gaps = mixed.map((record, index) => ({ ...record, offset: 100n + BigInt(index * index) }));
  save('compacted', buildRecordBatch({ records: gaps, baseOffset: 100n, lastOffsetDelta: 40, deleteHorizonMs: timestamp }));
  save('emptied', buildRecordBatch({ ...producer, records: [], baseOffset: 100n, lastOffsetDelta: 7, compression: 'gzip' }));
  const marker = { producerId: 4711n, producerEpoch: 3, timestamp, coordinatorEpoch: 9 };
  save('markers', buildEndTransactionMarker({ type: 'COMMIT', ...marker }), buildEndTransactionMarker({ type: 'ABORT', ...marker }));
  save('control', buildControlBatch({ timestamp, leaderEpoch: 4, records: [{ type: 'KRAFT_VERSION', value: Buffer.alloc(5) }] }));
  const several = [0n, 5n, 10n].map((baseOffset) => buildRecordBatch({ records: mixed, baseOffset, compression: 'zstd' }));
  save('several', ...several);
}

function textOf(size: number): RecordInput[] {
  const lines: RecordInput[] = [];
  for (let length = 0; length < size; length += 100)
    lines.push({ value: `line ${length} `.padEnd(100, 'of some length '), timestamp: length });
  return lines;
}

/** Bytes that no codec makes smaller. */
function noiseOf(size: number): RecordInput[] {
  let state = 1;
  const value = Buffer.from({ length: size }).map(() => (state = Math.imul(state, 1_103_515_245) + 12_345) >>> 24);
  return [{ value }];
}

function compare(directory: string): void {
  const ofKafka: Record<string, unknown> = JSON.parse(readFileSync(join(directory, 'kafka.json'), 'utf8'));
  const files = readdirSync(directory).filter((file) => file.endsWith('.bin'));
  assert(files.length > 0, 'there are no batches to compare');
  for (const file of files) assert.deepEqual(describeBatches(readFileSync(join(directory, file))), ofKafka[file], file);
  console.log(`Kafka reads all ${files.length} files as we do`);
}
