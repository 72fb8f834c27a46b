import type { Address } from '#platform';
import { batchesIn, type EndTransactionMarker, type ErrorName, readEndTransactionMarker } from '#protocol';
import { fetch } from '#protocol/apis/fetch.ts';
import type { Found } from '../checkers/record-history.ts';
import { Violation } from '../violation.ts';
import type { FetchPosition } from './fetching.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** A batch as a reader gets it, who knows of transactions. */
export interface FetchedBatch {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly isTransactional: boolean;
  /** The end of a transaction; such a batch has no records. */
  readonly marker: EndTransactionMarker | undefined;
  readonly records: readonly Found[];
  /** Its transaction was aborted, says the broker; only readers of committed records are told. */
  readonly isAborted: boolean;
}

export interface FetchedBatches {
  readonly errorCode: ErrorName;
  readonly batches: readonly FetchedBatch[];
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly logStartOffset: bigint;
  /** Where to read on. */
  readonly nextOffset: bigint;
}

export type Isolation = 'read_uncommitted' | 'read_committed';

/** One fetch of one partition of which nothing is ever compacted; undefined when nobody answered. What comes back is looked at: P2, P10. */
export async function fetchBatches(
  client: SimulatedClient,
  from: Address,
  isolation: Isolation,
  at: FetchPosition & { readonly maxWaitMs?: number },
): Promise<FetchedBatches | undefined> {
  const { topicId, partition, fetchOffset, currentLeaderEpoch = -1, lastFetchedEpoch = -1 } = at;
  const response = await client.ask(from, fetch, {
    maxWaitMs: at.maxWaitMs ?? client.random.below(200),
    minBytes: 1,
    maxBytes: 1 << 20,
    isolationLevel: isolation === 'read_committed' ? 1 : 0,
    topics: [{ topicId, partitions: [{ partition, fetchOffset, currentLeaderEpoch, lastFetchedEpoch, partitionMaxBytes: 1 << 16 }] }],
  });
  const answer = response?.responses[0]?.partitions[0];
  if (answer === undefined) return undefined;
  const { errorCode, highWatermark, lastStableOffset, logStartOffset } = answer;
  const aborted = new AbortedProducers(answer.abortedTransactions ?? []);
  const batches: FetchedBatch[] = [];
  let nextOffset = fetchOffset;
  for (const batch of batchesIn(answer.records ?? Buffer.alloc(0))) {
    const { baseOffset, lastOffset, producerId, producerEpoch, isTransactional, isControl } = batch;
    const all = [...batch.records()];
    const marker = isControl ? readEndTransactionMarker(all[0]!) : undefined;
    const isAborted = aborted.isAborted({ lastOffset, producerId, isTransactional }, marker);
    const records = isControl ? [] : all.map(({ offset, value }) => ({ offset, value: value!.toString() }));
    const where = `${from.host}: ${topicId}-${partition}`;
    if (batches.length > 0 && baseOffset !== nextOffset)
      throw new Violation('P2', `${where} gives a batch at ${baseOffset} where ${nextOffset} should be`);
    const end = isolation === 'read_committed' ? lastStableOffset : highWatermark;
    if (lastOffset >= end) throw new Violation('P10', `${where} gives ${lastOffset} to readers of ${isolation}, and ends at ${end}`);
    nextOffset = lastOffset + 1n;
    batches.push({
      baseOffset,
      lastOffset,
      producerId,
      producerEpoch,
      isTransactional,
      marker,
      isAborted,
      records: records.filter(({ offset }) => offset >= fetchOffset),
    });
  }
  if (errorCode === 'NONE' && lastStableOffset > highWatermark)
    throw new Violation(
      'T7',
      `${from.host}: ${topicId}-${partition}: the last stable offset ${lastStableOffset} is beyond the high watermark ${highWatermark}`,
    );
  return { errorCode, batches, highWatermark, lastStableOffset, logStartOffset, nextOffset };
}

/** What clients do with the list of aborted transactions: from its first offset to its marker all that a producer wrote is left out. */
class AbortedProducers {
  readonly #coming: { producerId: bigint; firstOffset: bigint }[];
  readonly #now = new Set<bigint>();

  constructor(transactions: readonly { producerId: bigint; firstOffset: bigint }[]) {
    this.#coming = [...transactions].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  }

  isAborted(
    { lastOffset, producerId, isTransactional }: { lastOffset: bigint; producerId: bigint; isTransactional: boolean },
    marker: EndTransactionMarker | undefined,
  ): boolean {
    while (this.#coming.length > 0 && this.#coming[0]!.firstOffset <= lastOffset) this.#now.add(this.#coming.shift()!.producerId);
    if (marker?.type === 'ABORT') this.#now.delete(producerId);
    return marker === undefined && isTransactional && this.#now.has(producerId);
  }
}
