import { Violation } from '../violation.ts';

interface PartitionHistory {
  /** What was seen or acknowledged, by offset. */
  readonly byOffset: Map<bigint, string>;
  readonly offsetOf: Map<string, bigint>;
  readonly acknowledged: Map<bigint, string>;
  readonly attempted: Set<string>;
}

/**
 * What clients wrote and what they were told (P1, P2, P13, P16, I2): offset to value is a function over the whole run, a value lies at one offset at most, nobody reads what nobody
 * wrote, and what was acknowledged stays. Values are unique.
 */
export class RecordHistory {
  readonly #partitions = new Map<string, PartitionHistory>();
  acknowledgedCount = 0;
  readCount = 0;

  attempt(topicId: string, partition: number, value: string): void {
    this.#of(topicId, partition).attempted.add(value);
  }

  acknowledge(topicId: string, partition: number, offset: bigint, value: string): void {
    this.#place(topicId, partition, offset, value, 'acknowledged');
    this.#of(topicId, partition).acknowledged.set(offset, value);
    this.acknowledgedCount++;
  }

  read(topicId: string, partition: number, offset: bigint, value: string): void {
    if (!this.#of(topicId, partition).attempted.has(value))
      throw new Violation('P13', `${topicId}-${partition}@${offset} holds "${value}", which nobody wrote`);
    this.#place(topicId, partition, offset, value, 'read');
    this.readCount++;
  }

  /** After all is healed: `values` is the whole partition, from offset 0. */
  checkFinal(topicId: string, partition: number, values: readonly string[]): void {
    const history = this.#of(topicId, partition);
    for (const [offset, value] of history.acknowledged) {
      const found = values[Number(offset)];
      if (found !== value)
        throw new Violation(
          'P1',
          `${topicId}-${partition}@${offset} was acknowledged as "${value}" and now holds ${found === undefined ? 'nothing' : `"${found}"`}`,
        );
    }
    for (const [offset, value] of values.entries()) this.read(topicId, partition, BigInt(offset), value);
    this.#checkOrder(topicId, partition, values);
  }

  /** I1: the values of a producer are "producer:number" with rising numbers. */
  #checkOrder(topicId: string, partition: number, values: readonly string[]): void {
    const last = new Map<string, number>();
    for (const value of values) {
      const [producer, text] = value.split(':') as [string, string];
      const number = Number(text);
      const before = last.get(producer) ?? -1;
      if (number <= before) throw new Violation('I1', `${topicId}-${partition}: ${producer} wrote ${number} after ${before}`);
      last.set(producer, number);
    }
  }

  #place(topicId: string, partition: number, offset: bigint, value: string, how: string): void {
    const { byOffset, offsetOf } = this.#of(topicId, partition);
    const known = byOffset.get(offset);
    if (known !== undefined && known !== value)
      throw new Violation('P13', `${topicId}-${partition}@${offset} is ${how} as "${value}" and was "${known}" before`);
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
      history = { byOffset: new Map(), offsetOf: new Map(), acknowledged: new Map(), attempted: new Set() };
      this.#partitions.set(key, history);
    }
    return history;
  }
}
