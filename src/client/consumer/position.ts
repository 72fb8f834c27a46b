import type { LogRecord } from '#protocol';
import type { TopicPartition } from '../metadata.ts';

/** How far one partition was handed over, and committed. */
export class Position implements TopicPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Of the next record to be handed over. */
  offset: bigint;
  /** What the group knows, or needs not to know as it would begin there anyway. */
  committed: bigint;
  leaderEpoch = -1;
  /** Nothing of it is handed over any more. */
  isOver = false;
  #delivery: Promise<void> = Promise.resolve();

  constructor(place: TopicPartition & { readonly topicId: string }, offset: bigint) {
    this.topic = place.topic;
    this.topicId = place.topicId;
    this.partition = place.partition;
    this.offset = offset;
    this.committed = offset;
  }

  get isDirty(): boolean {
    return this.offset !== this.committed;
  }

  /** Hands a record over and counts it, unless the position is over. */
  async deliver(record: LogRecord, hand: (record: LogRecord) => Promise<void>): Promise<void> {
    if (this.isOver) return;
    this.#delivery = hand(record).then(() => {
      this.offset = record.offset + 1n;
    });
    await this.#delivery;
  }

  /** Ends it; resolves when nothing is under way any more. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.#delivery.catch(() => {});
  }
}
