import { scanBatches } from './batch-scan.ts';
import type { ProducerBatch, ProducerStates } from './producer-state.ts';
import type { Segment } from './segment.ts';

/** How far back before the log's end batches are looked for that a producer may repeat. */
const recallBytes = 1024 * 1024;

/** A snapshot tells the last batch of each producer only; those before it are read from the end of the log. */
export function recallProducers(producers: ProducerStates, segments: readonly Segment[]): void {
  if (producers.count === 0) return;
  const earlier = new Map<bigint, (ProducerBatch & { producerEpoch: number })[]>();
  let first = segments.length;
  for (let bytes = 0; first > 0 && bytes < recallBytes; bytes += segments[first]!.size) first--;
  for (const segment of segments.slice(first)) {
    if (segment.size === 0) continue;
    const from = segment.offsetIndex.positionBefore(segment.size - recallBytes);
    const scan = { from, to: segment.size, expectedOffset: segment.baseOffset, checkCrc: false, gaps: true };
    scanBatches(segment.open(), scan, (batch) => {
      if (batch.producerId < 0n || batch.isControl) return undefined;
      const { producerEpoch, lastSequence, lastOffset, lastOffsetDelta: offsetDelta, maxTimestamp: timestamp } = batch;
      const known = earlier.get(batch.producerId) ?? [];
      known.push({ producerEpoch, lastSequence, lastOffset, offsetDelta, timestamp });
      earlier.set(batch.producerId, known);
      return undefined;
    });
    segment.release();
  }
  producers.recall(earlier);
}
