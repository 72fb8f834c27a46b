import type { RequestRouter } from '#broker';
import type { TopicImage } from '#metadata';
import type { Clock } from '#platform';
import { batchesIn, type RecordBatch } from '#protocol';
import { type FetchResponse, fetch } from '#protocol/apis/fetch.ts';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { askLeader } from './leader-request.ts';
import { HttpProblem } from './problem.ts';

const readCommitted = 1;
const earliestTimestamp = -2n;
const readTimeoutMs = 10_000;

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** What stands at an offset: a message (null is a tombstone), or nothing yet. */
export type Reading = { message: string | null } | 'past-the-end';

/** Reads single messages through Kafka's fetch, committed ones only. */
export class MessageReader {
  readonly #router: RequestRouter;
  readonly #clock: Clock;

  constructor(options: { router: RequestRouter; clock: Clock }) {
    this.#router = options.router;
    this.#clock = options.clock;
  }

  /**
   * The message at exactly that offset. Bytes that are not UTF-8 become U+FFFD.
   * @throws HttpProblem 404 OFFSET_OUT_OF_RANGE with `nextOffset` when the offset holds no message (any more): deleted by retention, compacted
   *   away, aborted, or a transaction's own marker
   */
  async read(topic: TopicImage, partition: number, offset: bigint): Promise<Reading> {
    const fetched = await this.#fetch(topic, partition, offset);
    if (fetched.errorCode === 'OFFSET_OUT_OF_RANGE') {
      const logStartOffset = await this.#logStartOffset(topic, partition);
      if (offset >= logStartOffset) return 'past-the-end';
      throw noMessage(offset, logStartOffset, `The log begins at offset ${logStartOffset}: what came before was deleted.`);
    }
    for (const batch of batchesIn(fetched.records ?? Buffer.alloc(0))) {
      if (batch.lastOffset >= offset) return messageIn(batch, offset, fetched);
    }
    return 'past-the-end';
  }

  /** The batch that holds the offset or, where there is none, the next one; asking for one byte gives it whole. */
  #fetch(topic: TopicImage, partition: number, offset: bigint): Promise<FetchedPartition> {
    const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1 }];
    const request = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1,
      isolationLevel: readCommitted,
      topics: [{ topic: topic.name, topicId: topic.id, partitions }],
      forgottenTopicsData: [],
    };
    return askLeader(
      { router: this.#router, clock: this.#clock },
      topic.id,
      partition,
      'read',
      async (to) => {
        const response = await this.#router.send(fetch, request, to, { timeoutMs: readTimeoutMs });
        return response.responses[0]?.partitions[0];
      },
      ['OFFSET_OUT_OF_RANGE'],
    );
  }

  async #logStartOffset(topic: TopicImage, partition: number): Promise<bigint> {
    const partitions = [{ partitionIndex: partition, timestamp: earliestTimestamp }];
    const request = { replicaId: -1, isolationLevel: readCommitted, topics: [{ name: topic.name, partitions }] };
    const answer = await askLeader({ router: this.#router, clock: this.#clock }, topic.id, partition, 'read', async (to) => {
      const response = await this.#router.send(listOffsets, request, to, { timeoutMs: readTimeoutMs });
      return response.topics[0]?.partitions[0];
    });
    return answer.offset;
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

function noMessage(offset: bigint, nextOffset: bigint, sentence: string): HttpProblem {
  const details = { offset: Number(offset), nextOffset: Number(nextOffset) };
  return new HttpProblem(404, 'OFFSET_OUT_OF_RANGE', `${sentence} Go on at offset ${nextOffset}.`, { details });
}
