import { Violation } from '../violation.ts';
import type { CommittedOffsets } from './committed-offsets.ts';

interface PartitionHistory {
  /** What was read, or acknowledged by all: from then on nothing else may be there. */
  readonly byOffset: Map<bigint, string>;
  readonly offsetOf: Map<string, bigint>;
  readonly acknowledged: Map<bigint, string>;
  readonly attempted: Set<string>;
  /** Refused for certain. */
  readonly refused: Map<string, string>;
  /** Acknowledged by a leader alone, at this offset of its log. */
  readonly weak: Map<string, bigint>;
  /** The highest offset that was acknowledged by all, or -1. */
  highestAcknowledged: bigint;
  /** Somebody asked for all below it to be deleted. */
  deletedBelow: bigint;
}

export interface Found {
  readonly offset: bigint;
  readonly value: string;
}

/**
 * What clients wrote and what they were told (P1, P2, P12, P13, P15, P16, I1, I2): offset to value is a function over the whole run, a value lies at one offset at
 * most, nobody reads what nobody wrote or what was refused, what was acknowledged stays, and what was sent after an acknowledgement lies behind it. Values are unique.
 */
export class RecordHistory {
  readonly #partitions = new Map<string, PartitionHistory>();
  /** Topics whose old segments go by their size or age. */
  readonly #withRetention = new Set<string>();
  readonly #mayLose: boolean;
  readonly #committed: CommittedOffsets | undefined;
  acknowledgedCount = 0;
  readCount = 0;

  /** @param mayLose what was acknowledged may be gone after power cuts; what is there is judged all the same */
  constructor(options: { mayLose?: boolean; committed?: CommittedOffsets } = {}) {
    this.#mayLose = options.mayLose ?? false;
    this.#committed = options.committed;
  }

  /** A value is sent for the first time. Gives what {@link acknowledge} is to be told: the offset that it must lie beyond. */
  attempt(topicId: string, partition: number, value: string): bigint {
    const history = this.#of(topicId, partition);
    history.attempted.add(value);
    return history.highestAcknowledged;
  }

  /** Acknowledged with acks=all. @param beyond what {@link attempt} gave (P12) */
  acknowledge(topicId: string, partition: number, offset: bigint, value: string, beyond: bigint): void {
    this.acknowledgedCount++;
    const history = this.#of(topicId, partition);
    if (this.#mayLose) return;
    if (offset <= beyond)
      throw new Violation(
        'P12',
        `${topicId}-${partition}: "${value}" lies at ${offset}, and was sent after ${beyond} had been acknowledged`,
      );
    this.#place(topicId, partition, offset, value, 'acknowledged');
    history.acknowledged.set(offset, value);
    if (offset > history.highestAcknowledged) history.highestAcknowledged = offset;
  }

  /** Acknowledged with acks=1: it may be lost. */
  acknowledgeWeakly(topicId: string, partition: number, offset: bigint, value: string): void {
    this.acknowledgedCount++;
    this.#of(topicId, partition).weak.set(value, offset);
  }

  /** Refused, with an error after which it is certain that nothing was appended (P16, H1). */
  refuse(topicId: string, partition: number, value: string, why: string): void {
    const history = this.#of(topicId, partition);
    history.refused.set(value, why);
    if (history.offsetOf.has(value)) throw new Violation('P16', `${topicId}-${partition}: "${value}" was read, and is refused now: ${why}`);
  }

  read(topicId: string, partition: number, offset: bigint, value: string): void {
    this.readCount++;
    const { attempted, refused } = this.#of(topicId, partition);
    if (this.#committed?.covers(topicId, partition, offset) === false)
      throw new Violation('P10', `${topicId}-${partition}@${offset} is read, and was never committed`);
    if (!attempted.has(value)) throw new Violation('P13', `${topicId}-${partition}@${offset} holds "${value}", which nobody wrote`);
    if (refused.has(value))
      throw new Violation('P16', `${topicId}-${partition}@${offset} holds "${value}", which was refused: ${refused.get(value)}`);
    if (!this.#mayLose) this.#place(topicId, partition, offset, value, 'read');
  }

  /** Somebody asks for all records below `offset` to be deleted; whether it happens or not. */
  deleteBelow(topicId: string, partition: number, offset: bigint): void {
    const history = this.#of(topicId, partition);
    if (offset > history.deletedBelow) history.deletedBelow = offset;
  }

  /** From now on old records of the topic may go by themselves. */
  letOldOnesGo(topicId: string): void {
    this.#withRetention.add(topicId);
  }

  /** After all is healed: `records` is the whole partition, from its log start on. */
  checkFinal(topicId: string, partition: number, logStartOffset: bigint, records: readonly Found[]): void {
    const history = this.#of(topicId, partition);
    const where = `${topicId}-${partition}`;
    if (logStartOffset > history.deletedBelow && !this.#withRetention.has(topicId))
      throw new Violation('P1', `${where} begins at ${logStartOffset}; nobody deleted more than what is below ${history.deletedBelow}`);
    const found = new Map<bigint, string>();
    let next = logStartOffset;
    for (const { offset, value } of records) {
      if (offset !== next) throw new Violation('P2', `${where} has ${offset} where ${next} should be`);
      next = offset + 1n;
      found.set(offset, value);
    }
    for (const [offset, value] of history.acknowledged) {
      if (offset < logStartOffset || found.get(offset) === value) continue;
      const now = found.has(offset) ? `holds "${found.get(offset)}"` : 'holds nothing';
      throw new Violation('P1', `${where}@${offset} was acknowledged as "${value}" and now ${now}`);
    }
    for (const { offset, value } of records) this.read(topicId, partition, offset, value);
    this.#checkOnce(where, records);
    this.#checkOrder(where, history, records);
  }

  #checkOnce(where: string, records: readonly Found[]): void {
    const seen = new Map<string, bigint>();
    for (const { offset, value } of records) {
      const other = seen.get(value);
      if (other !== undefined) throw new Violation('I2', `${where}: "${value}" lies at ${other} and at ${offset}`);
      seen.set(value, offset);
    }
  }

  /**
   * I1, P15: the values of a producer are "producer:number" with rising numbers. One that does not number its batches may see a batch arrive late whose answer it
   * did not wait for, so of those only what was acknowledged counts.
   */
  #checkOrder(where: string, { weak }: PartitionHistory, records: readonly Found[]): void {
    const last = new Map<string, number>();
    for (const { value } of records) {
      const [producer, text] = value.split(':') as [string, string];
      if (!producer.startsWith('idempotent-') && !weak.has(value)) continue;
      const number = Number(text);
      const before = last.get(producer) ?? -1;
      if (number <= before) throw new Violation(weak.has(value) ? 'P15' : 'I1', `${where}: ${producer} wrote ${number} after ${before}`);
      last.set(producer, number);
    }
  }

  #place(topicId: string, partition: number, offset: bigint, value: string, how: string): void {
    const { byOffset, offsetOf } = this.#of(topicId, partition);
    const known = byOffset.get(offset);
    if (known !== undefined) {
      if (known === value) return;
      throw new Violation('P13', `${topicId}-${partition}@${offset} is ${how} as "${value}" and was "${known}" before`);
    }
    const other = offsetOf.get(value);
    if (other !== undefined && other !== offset)
      throw new Violation('I2', `${topicId}-${partition}: "${value}" lies at ${other} and at ${offset}`);
    byOffset.set(offset, value);
    offsetOf.set(value, offset);
  }

  #of(topicId: string, partition: number): PartitionHistory {
    const key = `${topicId}/${partition}`;
    let history = this.#partitions.get(key);
    if (history === undefined) {
      history = {
        byOffset: new Map(),
        offsetOf: new Map(),
        acknowledged: new Map(),
        attempted: new Set(),
        refused: new Map(),
        weak: new Map(),
        highestAcknowledged: -1n,
        deletedBelow: 0n,
      };
      this.#partitions.set(key, history);
    }
    return history;
  }
}
