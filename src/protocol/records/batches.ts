import { KafkaError } from '../errors.ts';
import { batchLengthOverhead, currentMagic, layout, recordBatchHeaderSize } from './layout.ts';
import { RecordBatch } from './record-batch.ts';

/**
 * The size in bytes of the batch at `position`, as its header claims; undefined when too little of the header is there to tell (17 bytes).
 * @throws KafkaError CORRUPT_MESSAGE when no record batch begins like this
 */
export function batchSizeAt(buffer: Buffer, position: number): number | undefined {
  if (buffer.length - position <= layout.magic) return undefined;
  const magic = buffer.readInt8(position + layout.magic);
  const size = buffer.readInt32BE(position + layout.batchLength) + batchLengthOverhead;
  if (magic !== currentMagic || size < recordBatchHeaderSize) {
    throw new KafkaError('CORRUPT_MESSAGE', `no record batch begins at ${position}: magic ${magic}, size ${size}`);
  }
  return size;
}

/**
 * The batch at `position`; undefined when it is not all there. The next one begins at `position + sizeInBytes`.
 * @throws KafkaError CORRUPT_MESSAGE when no record batch begins like this
 */
export function nextBatch(buffer: Buffer, position: number): RecordBatch | undefined {
  const size = batchSizeAt(buffer, position);
  return size === undefined || size > buffer.length - position ? undefined : new RecordBatch(buffer, position);
}

/** The batches of a buffer one after the other, up to one that is not all there. Errors are those of `nextBatch`. */
export function* batchesIn(buffer: Buffer): Generator<RecordBatch, void, undefined> {
  let position = 0;
  for (let batch = nextBatch(buffer, position); batch !== undefined; batch = nextBatch(buffer, position)) {
    yield batch;
    position += batch.sizeInBytes;
  }
}
