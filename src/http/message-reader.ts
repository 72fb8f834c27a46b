import type { RequestRouter, Target } from '#broker';
import type { TopicImage } from '#metadata';
import { type Clock, sleep } from '#platform';
import { batchesIn, type ErrorName, type RecordBatch } from '#protocol';
import { type FetchResponse, fetch } from '#protocol/apis/fetch.ts';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { type LeaderAnswer, readFromLeader } from './leader-request.ts';
import type { Patience } from './patience.ts';
import { HttpProblem } from './problem.ts';

const readCommitted = 1;
const earliestTimestamp = -2n;
const latestTimestamp = -1n;
const readTimeoutMs = 10_000;
const lookAgainMs = 20;

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** What stands at an offset: a message (null is a tombstone), or nothing yet. */
export type Reading = { message: string | null } | 'past-the-end';

/** Reads single messages through Kafka's fetch, committed ones only. */
export class MessageReader {
  readonly #router: RequestRouter;
  readonly #clock: Clock;
  readonly #patience: Patience;

  constructor(options: { router: RequestRouter; clock: Clock; patience: Patience }) {
    this.#router = options.router;
    this.#clock = options.clock;
    this.#patience = options.patience;
  }

  /**
   * The message at exactly that offset. Bytes that are not UTF-8 become U+FFFD.
   * @throws HttpProblem 404 OFFSET_OUT_OF_RANGE with `nextOffset` when the offset holds no message (any more): deleted by retention, compacted
   *   away, aborted, or a transaction's own marker; 503 while there is no leader that knows what is committed
   */
  async read(topic: TopicImage, partition: number, offset: bigint): Promise<Reading> {
    const deadline = this.#clock.monotonic() + this.#patience.leaderMs;
    for (;;) {
      const fetched = await this.#fetch(topic, partition, offset, deadline);
      for (const batch of batchesIn(fetched.records ?? Buffer.alloc(0))) {
        if (batch.lastOffset >= offset) return messageIn(batch, offset, fetched);
      }
      if (fetched.errorCode === 'OFFSET_OUT_OF_RANGE') {
        const logStartOffset = await this.#offsetOf(earliestTimestamp, topic, partition, deadline);
        if (offset < logStartOffset)
          throw noMessage(offset, logStartOffset, `The log begins at offset ${logStartOffset}: what came before was deleted.`);
      }
      // A new leader shows less than was acknowledged until it has heard from its followers. Asked for the end it says so (KIP-207).
      const isPastTheEnd = offset >= (await this.#offsetOf(latestTimestamp, topic, partition, deadline));
      // A former leader may not know that it is one, and whoever is out of touch with the controller may not know of the next.
      if (isPastTheEnd && this.#router.isInTouch) return 'past-the-end';
      if (this.#clock.monotonic() >= deadline) throw isPastTheEnd ? outOfTouch() : notReadable(offset);
      if (!(await this.#router.whenReady(deadline - this.#clock.monotonic())))
        throw new HttpProblem(503, 'NOT_READY', this.#router.readiness().why);
      await sleep(this.#clock, lookAgainMs);
    }
  }

  /** The batch that holds the offset or, where there is none, the next one; asking for one byte gives it whole. */
  #fetch(topic: TopicImage, partition: number, fetchOffset: bigint, deadline: number): Promise<FetchedPartition> {
    return this.#ask(topic, partition, deadline, ['OFFSET_OUT_OF_RANGE'], async (to, leaderEpoch) => {
      const partitions = [{ partition, currentLeaderEpoch: leaderEpoch, fetchOffset, partitionMaxBytes: 1 }];
      const request = {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 1,
        isolationLevel: readCommitted,
        topics: [{ topic: topic.name, topicId: topic.id, partitions }],
        forgottenTopicsData: [],
      };
      const response = await this.#router.send(fetch, request, to, { timeoutMs: readTimeoutMs });
      return response.responses[0]?.partitions[0];
    });
  }

  async #offsetOf(timestamp: bigint, topic: TopicImage, partition: number, deadline: number): Promise<bigint> {
    const { offset } = await this.#ask(topic, partition, deadline, [], async (to, leaderEpoch) => {
      const partitions = [{ partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp }];
      const request = { replicaId: -1, isolationLevel: readCommitted, topics: [{ name: topic.name, partitions }] };
      const response = await this.#router.send(listOffsets, request, to, { timeoutMs: readTimeoutMs });
      return response.topics[0]?.partitions[0];
    });
    return offset;
  }

  /** Every request names the leader epoch: a leader of another one, newer or older than what is known here, refuses it (KIP-320). */
  #ask<T extends LeaderAnswer>(
    topic: TopicImage,
    partition: number,
    deadline: number,
    expected: readonly ErrorName[],
    ask: (to: Target, leaderEpoch: number) => Promise<T | undefined>,
  ): Promise<T> {
    const surroundings = { router: this.#router, clock: this.#clock };
    const key = { topicId: topic.id, partition };
    return readFromLeader(surroundings, key, deadline, (to, _topic, { leaderEpoch }) => ask(to, leaderEpoch), expected);
  }
}

function messageIn(batch: RecordBatch, offset: bigint, fetched: FetchedPartition): Reading {
  const afterBatch = batch.lastOffset + 1n;
  if (batch.isControl) throw noMessage(offset, afterBatch, `Offset ${offset} is the end of a transaction, not a message.`);
  if (isAborted(batch, fetched)) throw noMessage(offset, afterBatch, `The message at offset ${offset} belongs to an aborted transaction.`);
  for (const record of batch.records()) {
    if (record.offset === offset) return { message: record.value === null ? null : record.value.toString('utf8') };
    if (record.offset > offset) throw noMessage(offset, record.offset, `The message at offset ${offset} was compacted away.`);
  }
  throw noMessage(offset, afterBatch, `The message at offset ${offset} was compacted away.`);
}

/** The list names transactions that end after the fetch offset, so one that began by this batch spans it. */
function isAborted(batch: RecordBatch, { abortedTransactions }: FetchedPartition): boolean {
  if (!batch.isTransactional || abortedTransactions === null) return false;
  return abortedTransactions.some(({ producerId, firstOffset }) => producerId === batch.producerId && firstOffset <= batch.baseOffset);
}

function outOfTouch(): HttpProblem {
  return new HttpProblem(
    503,
    'OFFSET_NOT_AVAILABLE',
    'This broker is out of touch with the controller, so it cannot tell whether more was written under another leader. Try again.',
  );
}

function notReadable(offset: bigint): HttpProblem {
  return new HttpProblem(503, 'OFFSET_NOT_AVAILABLE', `Offset ${offset} is there, but could not be read. Try again.`);
}

function noMessage(offset: bigint, nextOffset: bigint, sentence: string): HttpProblem {
  const details = { offset: Number(offset), nextOffset: Number(nextOffset) };
  return new HttpProblem(404, 'OFFSET_OUT_OF_RANGE', `${sentence} Go on at offset ${nextOffset}.`, { details });
}
