import { scanBatches } from './batch-scan.ts';
import type { LogFiles } from './log-files.ts';
import { recallProducers } from './producer-recall.ts';
import { decodeProducerSnapshot } from './producer-snapshot.ts';
import type { ProducerStates } from './producer-state.ts';
import type { Segment } from './segment.ts';

/** After a truncation: what is known of producers, from the newest snapshot that is left, and the batches after it. */
export function reloadProducers(producers: ProducerStates, files: LogFiles, logEndOffset: bigint, now: number): void {
  files.dropSnapshotsAbove(logEndOffset);
  if (producers.count === 0) {
    producers.reset(logEndOffset, now);
    return;
  }
  producers.reset(files.segments[0]!.baseOffset, now);
  for (const { offset, bytes } of files.snapshotsNewestFirst()) {
    const entries = decodeProducerSnapshot(bytes);
    if (!entries) continue;
    producers.reset(offset, now, entries);
    break;
  }
  const { segments } = files;
  for (const [index, segment] of segments.entries()) {
    if ((segments[index + 1]?.baseOffset ?? logEndOffset) > producers.endOffset) replay(producers, segment, now);
  }
  producers.endOffset = logEndOffset;
  recallProducers(producers, segments);
}

function replay(producers: ProducerStates, segment: Segment, now: number): void {
  if (segment.size === 0) return;
  const file = segment.open();
  const { position } = segment.offsetIndex.lookup(segment.relative(producers.endOffset) - 1);
  scanBatches(file, { from: position, to: segment.size, expectedOffset: segment.baseOffset, checkCrc: false, gaps: true }, (batch) => {
    if (batch.baseOffset >= producers.endOffset) producers.apply(batch, now);
    return undefined;
  });
  segment.release();
}
