import { createHash } from 'node:crypto';
import { batchesIn, type LogRecord } from '#protocol';

/** What is read in some batches, in the form that RecordBatches.java prints. Bytes are hexadecimal, 64-bit numbers are text. */
export function describeBatches(bytes: Buffer): object[] {
  return [...batchesIn(bytes)].map((batch) => {
    if (!batch.isValidCrc()) throw new Error(`the checksum of ${batch} is wrong`);
    const records = [...batch.records()];
    return {
      baseOffset: `${batch.baseOffset}`,
      lastOffset: `${batch.lastOffset}`,
      sizeInBytes: batch.sizeInBytes,
      partitionLeaderEpoch: batch.partitionLeaderEpoch,
      crc: batch.crc,
      compression: batch.compression,
      timestampType: batch.timestampType,
      maxTimestamp: `${batch.maxTimestamp}`,
      deleteHorizonMs: batch.deleteHorizonMs === undefined ? null : `${batch.deleteHorizonMs}`,
      isTransactional: batch.isTransactional,
      isControl: batch.isControl,
      producerId: `${batch.producerId}`,
      producerEpoch: batch.producerEpoch,
      baseSequence: batch.baseSequence,
      lastSequence: batch.lastSequence,
      recordCount: batch.recordCount,
      valuesSha256: digestOfValues(records),
      records: records.length > 100 ? null : records.map(describeRecord),
    };
  });
}

function describeRecord(record: LogRecord): object {
  return {
    offset: `${record.offset}`,
    timestamp: `${record.timestamp}`,
    key: hex(record.key),
    value: hex(record.value),
    headers: record.headers.map((header) => ({ key: header.key, value: hex(header.value) })),
  };
}

function digestOfValues(records: LogRecord[]): string {
  const hash = createHash('sha256');
  for (const record of records) if (record.value !== null) hash.update(record.value);
  return hash.digest('hex');
}

function hex(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('hex');
}
