import type { Address } from '#platform';
import { batchesIn, type ErrorName } from '#protocol';
import { fetch } from '#protocol/apis/fetch.ts';
import type { Found } from '../checkers/record-history.ts';
import { Violation } from '../violation.ts';
import type { SimulatedClient } from './simulated-client.ts';

export interface Fetched {
  readonly errorCode: ErrorName;
  readonly records: readonly Found[];
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly diverging: boolean;
  /** Of the last record; -1 when there is none. */
  readonly lastEpoch: number;
}

export interface FetchPosition {
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: bigint;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  /** Where the reader is: one that says so is also given records by followers (KIP-392). */
  readonly rackId?: string;
}

/** One fetch of one partition; undefined when nobody answered. What comes back is looked at: P2, P10. */
export async function fetchFrom(client: SimulatedClient, from: Address, at: FetchPosition): Promise<Fetched | undefined> {
  const { topicId, partition, fetchOffset, currentLeaderEpoch = -1, lastFetchedEpoch = -1, rackId = '' } = at;
  const response = await client.ask(from, fetch, {
    maxWaitMs: client.random.below(100),
    minBytes: 1,
    maxBytes: 1 << 20,
    rackId,
    topics: [{ topicId, partitions: [{ partition, fetchOffset, currentLeaderEpoch, lastFetchedEpoch, partitionMaxBytes: 1 << 16 }] }],
  });
  const answer = response?.responses[0]?.partitions[0];
  if (answer === undefined) return undefined;
  const records: Found[] = [];
  let lastEpoch = -1;
  for (const batch of batchesIn(answer.records ?? Buffer.alloc(0))) {
    lastEpoch = batch.partitionLeaderEpoch;
    for (const { offset, value } of batch.records()) if (offset >= fetchOffset) records.push({ offset, value: value!.toString() });
  }
  check(`${from.host}: ${topicId}-${partition}`, fetchOffset, answer.highWatermark, records);
  return {
    errorCode: answer.errorCode,
    records,
    highWatermark: answer.highWatermark,
    logStartOffset: answer.logStartOffset,
    diverging: answer.divergingEpoch.epoch >= 0,
    lastEpoch,
  };
}

function check(where: string, fetchOffset: bigint, highWatermark: bigint, records: readonly Found[]): void {
  let next = fetchOffset;
  for (const { offset } of records) {
    if (offset !== next) throw new Violation('P2', `${where} gives ${offset} where ${next} should be`);
    if (offset >= highWatermark) throw new Violation('P10', `${where} gives ${offset}, and its high watermark is ${highWatermark}`);
    next = offset + 1n;
  }
}
