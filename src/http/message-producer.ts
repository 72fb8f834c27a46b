import type { RequestRouter } from '#broker';
import type { TopicImage } from '#metadata';
import type { Clock } from '#platform';
import { buildRecordBatch } from '#protocol';
import { produce } from '#protocol/apis/produce.ts';
import { askLeader } from './leader-request.ts';
import { HttpProblem } from './problem.ts';

/** What one batch may hold of messages that wait together; a larger message travels alone. */
const maxBatchBytes = 256 * 1024;
const maxBatchMessages = 1_000;
/** What may wait in all lanes together before more is turned away. */
const maxWaitingBytes = 64 * 1024 * 1024;
/** How long the leader may take to have a batch on all the disks that count. */
const produceTimeoutMs = 15_000;

interface Waiting {
  readonly value: Buffer;
  readonly timestamp: bigint;
  readonly resolve: (offset: bigint) => void;
  readonly reject: (reason: unknown) => void;
}

/** The messages of one partition, in the order of their arrival: one batch is under way, the rest waits for its answer and then goes together. */
interface Lane {
  readonly topicId: string;
  readonly partition: number;
  readonly waiting: Waiting[];
}

/**
 * Turns single messages into Kafka's produce requests. The first message to a partition goes at once; those that come while it is under
 * way share the next batch, so that many small requests share one append and one disk sync and keep their order.
 */
export class MessageProducer {
  readonly #router: RequestRouter;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  #waitingBytes = 0;

  constructor(options: { router: RequestRouter; clock: Clock }) {
    this.#router = options.router;
    this.#clock = options.clock;
  }

  /**
   * Writes one message and resolves with its offset when it is as durable as acks=all promises.
   * @throws HttpProblem; 504 OUTCOME_UNKNOWN when it may have been written, any other status when it was not
   */
  produce(topic: TopicImage, partition: number, message: string): Promise<bigint> {
    const value = Buffer.from(message, 'utf8');
    if (this.#waitingBytes + value.length > maxWaitingBytes) {
      return Promise.reject(new HttpProblem(503, 'THROTTLING_QUOTA_EXCEEDED', 'Too many messages are waiting to be written. Try again.'));
    }
    this.#waitingBytes += value.length;
    return new Promise((resolve, reject) => {
      const waiting = { value, timestamp: BigInt(this.#clock.now()), resolve, reject };
      const key = `${topic.id}:${partition}`;
      const lane = this.#lanes.get(key);
      if (lane !== undefined) {
        lane.waiting.push(waiting);
        return;
      }
      const opened: Lane = { topicId: topic.id, partition, waiting: [waiting] };
      this.#lanes.set(key, opened);
      void this.#drain(key, opened);
    });
  }

  async #drain(key: string, lane: Lane): Promise<void> {
    while (lane.waiting.length > 0) await this.#write(lane, this.#takeBatch(lane));
    this.#lanes.delete(key);
  }

  #takeBatch(lane: Lane): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { value } of lane.waiting) {
      bytes += value.length;
      if (count > 0 && (bytes > maxBatchBytes || count === maxBatchMessages)) break;
      count++;
    }
    return lane.waiting.splice(0, count);
  }

  /** Writes a batch and settles its messages; never rejects. One that is too large for its topic only as a whole is written message by message. */
  async #write(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    try {
      const baseOffset = await this.#send(lane, batch);
      batch.forEach(({ resolve }, index) => {
        resolve(baseOffset + BigInt(index));
      });
    } catch (thrown) {
      if (batch.length > 1 && thrown instanceof HttpProblem && thrown.status === 413) {
        for (const single of batch) await this.#write(lane, [single]);
        return;
      }
      for (const { reject } of batch) reject(thrown);
    }
    for (const { value } of batch) this.#waitingBytes -= value.length;
  }

  async #send(lane: Lane, batch: readonly Waiting[]): Promise<bigint> {
    const records = buildRecordBatch({ records: batch.map(({ value, timestamp }) => ({ value, timestamp })) });
    const answer = await askLeader(
      { router: this.#router, clock: this.#clock },
      lane.topicId,
      lane.partition,
      'write',
      async (to, topic) => {
        const partitionData = [{ index: lane.partition, records }];
        const request = {
          transactionalId: null,
          acks: -1,
          timeoutMs: produceTimeoutMs,
          topicData: [{ name: topic.name, topicId: topic.id, partitionData }],
        };
        const response = await this.#router.send(produce, request, to, { timeoutMs: produceTimeoutMs + 5_000 });
        return response.responses[0]?.partitionResponses[0];
      },
    );
    return answer.baseOffset;
  }
}
