import { DiskError, type DiskFile } from '#platform';
import { KafkaError, RecordBatch, recordBatchHeaderSize } from '#protocol';
import { faultOf, faultOfSize, sizeAt } from '../batch-scan.ts';
import { DamagedLogError } from '../errors.ts';
import type { Segment } from '../segment.ts';
import type { Pace } from './pace.ts';

export interface WalkOptions {
  readonly pace: Pace;
  /** Read at once. */
  readonly ioBufferBytes: number;
  /** Called whenever others had their turn. @throws when there is no use in going on */
  assertCurrent(): void;
}

/**
 * Visits the batches of a closed segment in order from a position on, each whole and sound, and lets others have their turn in between. The bytes of a batch stay as they
 * are for as long as somebody holds them.
 * @param visit answers false to stop; `end` is where the batch ends in the file
 * @throws DamagedLogError
 */
export async function walkSegment(
  segment: Segment,
  from: number,
  { pace, ioBufferBytes, assertCurrent }: WalkOptions,
  visit: (batch: RecordBatch, end: number) => boolean,
): Promise<void> {
  const file = segment.open();
  try {
    let expectedOffset = segment.baseOffset;
    let wanted = ioBufferBytes;
    for (let position = from; position < segment.size; ) {
      const bytes = await read(file, position, Math.min(wanted, segment.size - position));
      assertCurrent();
      pace.begin();
      let at = 0;
      for (let size = wholeSize(segment, bytes, at, position); size > 0; size = wholeSize(segment, bytes, at, position)) {
        const batch = new RecordBatch(bytes.subarray(at, at + size));
        const fault = faultOf(batch, expectedOffset, { gaps: true, checkCrc: true });
        if (fault) throw damage(segment, position + at, fault);
        expectedOffset = batch.lastOffset + 1n;
        at += size;
        if (!visit(batch, position + at)) return;
        pace.spent(size);
        while (pace.isOver) {
          await pace.rest();
          assertCurrent();
        }
      }
      position += at;
      wanted = at > 0 ? ioBufferBytes : Math.max(recordBatchHeaderSize, sizeAt(bytes, 0));
    }
  } finally {
    segment.release();
  }
}

/** The size of the batch at a place, 0 when it is not all there because no more was read. */
function wholeSize(segment: Segment, bytes: Buffer, at: number, position: number): number {
  const left = segment.size - position - at;
  const there = bytes.length - at;
  if (there < left && there < recordBatchHeaderSize) return 0;
  if (left === 0) return 0;
  const fault = faultOfSize(bytes, at, left);
  if (fault) throw damage(segment, position + at, fault);
  const size = sizeAt(bytes, at);
  return size > there ? 0 : size;
}

async function read(file: DiskFile, position: number, length: number): Promise<Buffer> {
  try {
    return await file.read(position, length);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const message = `${error.path} cannot be read: ${error.message}`;
    // Too many open files: that passes.
    if (error.code === 'EMFILE' || error.code === 'ENFILE') throw new KafkaError('KAFKA_STORAGE_ERROR', message, { cause: error });
    throw new DamagedLogError(error.path, message);
  }
}

function damage(segment: Segment, position: number, fault: string): DamagedLogError {
  const path = segment.path('.log');
  return new DamagedLogError(path, `${path} is damaged: ${fault} at byte ${position}`);
}
