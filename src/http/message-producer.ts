import type { RequestRouter } from '#broker';
import type { TopicImage } from '#metadata';
import type { Clock } from '#platform';
import { type Message, PartitionWriter } from './partition-writer.ts';
import type { Patience } from './patience.ts';
import { HttpProblem } from './problem.ts';

/** What one batch may hold of messages that wait together; a larger message travels alone. */
const maxBatchBytes = 256 * 1024;
const maxBatchMessages = 1_000;
/** What may wait in all lanes together before more is turned away. */
const maxWaitingBytes = 64 * 1024 * 1024;
/** Lanes kept with their producer ids. One that is forgotten costs another id when it is needed again. */
const maxLanes = 10_000;

interface Waiting extends Message {
  /** Monotonic time. */
  readonly arrivedAt: number;
  readonly resolve: (offset: bigint) => void;
  readonly reject: (reason: unknown) => void;
}

/** The messages of one partition, in the order of their arrival: one batch is under way, the rest waits for its answer and then goes together. */
interface Lane {
  readonly writer: PartitionWriter;
  readonly waiting: Waiting[];
  isBusy: boolean;
}

/**
 * Turns single messages into Kafka's produce requests. The first message to a partition goes at once; those that come while it is under
 * way share the next batch, so that many small requests share one append and one disk sync and keep their order.
 */
export class MessageProducer {
  readonly #router: RequestRouter;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #lanes = new Map<string, Lane>();
  #waitingBytes = 0;

  constructor(options: { router: RequestRouter; clock: Clock; patience: Patience }) {
    this.#router = options.router;
    this.#clock = options.clock;
    this.#patience = options.patience;
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
      const lane = this.#laneOf(topic.id, partition);
      lane.waiting.push({ value, timestamp: BigInt(this.#clock.now()), arrivedAt: this.#clock.monotonic(), resolve, reject });
      if (!lane.isBusy) void this.#drain(lane);
    });
  }

  #laneOf(topicId: string, partition: number): Lane {
    const key = `${topicId}:${partition}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    if (this.#lanes.size >= maxLanes) this.#forgetAnIdleLane();
    const writer = new PartitionWriter({ router: this.#router, clock: this.#clock, patience: this.#patience, topicId, partition });
    const lane = { writer, waiting: [], isBusy: false };
    this.#lanes.set(key, lane);
    return lane;
  }

  #forgetAnIdleLane(): void {
    for (const [key, { isBusy }] of this.#lanes) {
      if (isBusy) continue;
      this.#lanes.delete(key);
      return;
    }
  }

  async #drain(lane: Lane): Promise<void> {
    lane.isBusy = true;
    while (lane.waiting.length > 0) await this.#write(lane, takeBatch(lane.waiting));
    lane.isBusy = false;
  }

  /** Writes a batch and settles its messages; never rejects. One that is too large for its topic only as a whole is written message by message. */
  async #write(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    try {
      const baseOffset = await lane.writer.write(batch, batch.at(-1)!.arrivedAt);
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
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { value } of waiting) {
    bytes += value.length;
    if (count > 0 && (bytes > maxBatchBytes || count === maxBatchMessages)) break;
    count++;
  }
  return waiting.splice(0, count);
}
