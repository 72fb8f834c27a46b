import { Violation } from '../violation.ts';
import { HistoryClock } from './history-clock.ts';
import { OffsetHistory } from './offset-history.ts';
import { type Life, ProducerLives } from './producer-lives.ts';

/** What a client has asked for, and was told. A commit that was asked for and not answered may be one or the other. */
export type Fate = 'open' | 'commit-asked' | 'committed' | 'aborted';

/** A transaction as its client knows it. A record outside of any is one of its own, which its acknowledgement commits. */
export interface Transaction {
  readonly id: string;
  readonly life: Life | undefined;
  readonly begunAt: number;
  fate: Fate;
  /** When its commit was answered, or was seen to have happened. */
  endedAt: number | undefined;
  readonly values: Set<string>;
  /** What a reader or a broker has shown of its end. */
  shown: { readonly fate: 'committed' | 'aborted'; readonly how: string } | undefined;
}

interface Written {
  readonly transaction: Transaction;
  readonly place: string;
  readonly sentAt: number;
  /** The producer had been fenced when it was sent. */
  readonly isLate: boolean;
  offset: bigint | undefined;
}

/**
 * What transactions wrote, how they ended, and who has seen what of it (T1, T2, T4, T7): a committed one is visible whole and for ever, an aborted one never, one whose end
 * is not known is the one or the other for all its records, and nothing is visible of one that nobody asked to commit.
 */
export class TransactionHistory {
  readonly clock = new HistoryClock();
  readonly lives = new ProducerLives(this.clock);
  /** Offsets that are committed with transactions. */
  readonly offsets = new OffsetHistory(this.clock, { onSeen: (transaction, how) => this.#offsetsSeen(transaction, how) });
  readonly #transactions: Transaction[] = [];
  readonly #written = new Map<string, Written>();
  /** What lies where, as anybody was told: partition, offset, value. */
  readonly #byOffset = new Map<string, Map<bigint, string>>();
  /** First offsets of transactions that are open, by partition. */
  readonly #open = new Map<string, Map<Transaction, bigint>>();
  acknowledgedCount = 0;
  readCount = 0;
  endedCount = 0;

  get transactions(): readonly Transaction[] {
    return this.#transactions;
  }

  /** By the value of a record. */
  writer(value: string): Transaction | undefined {
    return this.#written.get(value)?.transaction;
  }

  begin(life: Life): Transaction {
    return this.#begin(`${life.name}.${this.#transactions.length}`, life, 'open');
  }

  /** A value is sent for the first time. Values are unique. */
  send(transaction: Transaction, place: string, value: string): void {
    const isLate = transaction.life !== undefined && this.lives.isFenced(transaction.life);
    transaction.values.add(value);
    this.#written.set(value, { transaction, place, sentAt: this.clock.tick(), isLate, offset: undefined });
  }

  acknowledge(place: string, offset: bigint, value: string): void {
    this.acknowledgedCount++;
    const written = this.#written.get(value)!;
    const { transaction, isLate } = written;
    if (isLate)
      throw new Violation('T4', `${place}@${offset}: "${value}" is acknowledged, and was sent by a producer that had been fenced`);
    this.#lies(place, offset, value, 'acknowledged');
    if (transaction.life === undefined) this.#decided(transaction, 'committed');
    else if (transaction.fate === 'open') {
      let open = this.#open.get(place);
      if (open === undefined) this.#open.set(place, (open = new Map()));
      if (!open.has(transaction)) open.set(transaction, offset);
    }
  }

  /** The client asks for the commit. */
  askToCommit(transaction: Transaction): void {
    if (transaction.fate === 'open') transaction.fate = 'commit-asked';
    this.#noLongerOpen(transaction);
  }

  /** It asks for the abort, or goes away without a word: from now on it can only be aborted. */
  abandon(transaction: Transaction): void {
    if (transaction.fate === 'open') transaction.fate = 'aborted';
    this.#noLongerOpen(transaction);
  }

  /** The client is told, for certain, how it has ended. @param sentAt when it first asked */
  ended(transaction: Transaction, fate: 'committed' | 'aborted', sentAt: number): void {
    this.endedCount++;
    if (fate === 'committed' && transaction.life !== undefined && this.lives.wasFencedBefore(transaction.life, sentAt))
      throw new Violation('T4', `${transaction.id} is committed by a producer that had been fenced`);
    this.#decided(transaction, fate);
  }

  /** A reader of committed records is given a value. */
  readCommitted(place: string, offset: bigint, value: string): void {
    this.readCount++;
    const { transaction } = this.#found(place, offset, value);
    const how = `"${value}" is read at ${place}@${offset}`;
    if (transaction.fate === 'open' || transaction.fate === 'aborted')
      throw new Violation('T2', `${how}, and ${transaction.id} is ${transaction.fate}`);
    this.#shown(transaction, 'committed', how);
  }

  /** A reader of committed records is told to leave a value out. */
  leftOut(place: string, offset: bigint, value: string): void {
    const { transaction } = this.#found(place, offset, value);
    this.#shown(transaction, 'aborted', `"${value}" is left out at ${place}@${offset}`);
  }

  /** Somebody is given a value who does not care for commits. */
  readUncommitted(place: string, offset: bigint, value: string): void {
    this.readCount++;
    this.#found(place, offset, value);
  }

  /** A broker says that all below is decided: whatever is open there has been aborted. */
  stable(place: string, lastStableOffset: bigint): void {
    for (const [transaction, first] of this.#open.get(place) ?? [])
      if (first < lastStableOffset) this.#shown(transaction, 'aborted', `the last stable offset of ${place} is ${lastStableOffset}`);
  }

  /** In the end: what readers of committed records see of all partitions. */
  checkFinal(visible: ReadonlySet<string>): void {
    for (const transaction of this.#transactions) {
      const { id, fate, values, shown } = transaction;
      const acknowledged = [...values].filter((value) => this.#written.get(value)!.offset !== undefined);
      const missing = acknowledged.filter((value) => !visible.has(value));
      const found = [...values].filter((value) => visible.has(value));
      const isCommitted = fate === 'committed' || shown?.fate === 'committed' || found.length > 0;
      if (fate === 'open' || fate === 'aborted') {
        if (found.length > 0) throw new Violation('T1', `${id} is ${fate}, and "${found[0]}" is visible`);
      } else if (isCommitted && missing.length > 0) {
        const why = fate === 'committed' ? 'was committed' : `shows "${found[0] ?? shown?.how}"`;
        throw new Violation('T1', `${id} ${why}, and "${missing[0]}" is not visible, of ${acknowledged.length} that were acknowledged`);
      }
      if (fate === 'commit-asked') this.#decided(transaction, isCommitted ? 'committed' : 'aborted');
    }
  }

  /** T4, I2: in the whole log of a partition, in its order. */
  checkOrder(place: string, values: readonly { readonly offset: bigint; readonly value: string }[]): void {
    const seen = new Set<string>();
    let lastSentAt = 0;
    let lastSent = '';
    for (const { offset, value } of values) {
      const { transaction, isLate, sentAt } = this.#found(place, offset, value);
      if (seen.has(value)) throw new Violation('I2', `${place}@${offset}: "${value}" lies there a second time`);
      seen.add(value);
      if (isLate) throw new Violation('T4', `${place}@${offset}: "${value}" was sent by a producer that had been fenced`);
      if (transaction.life !== undefined && this.lives.wasFencedBefore(transaction.life, lastSentAt))
        throw new Violation(
          'T4',
          `${place}@${offset}: "${value}" lies behind "${lastSent}", which was sent after its producer had been fenced`,
        );
      if (sentAt > lastSentAt) {
        lastSentAt = sentAt;
        lastSent = value;
      }
    }
  }

  /** T1, T2: readers of committed records are given what the markers of a partition say, no more and no less. */
  checkShown(place: string, expected: ReadonlySet<string>, given: ReadonlySet<string>): void {
    const extra = [...given].find((value) => !expected.has(value));
    if (extra !== undefined) throw new Violation('T2', `${place} shows "${extra}", which its markers abort`);
    const missing = [...expected].find((value) => !given.has(value));
    if (missing !== undefined) throw new Violation('T1', `${place} does not show "${missing}", which its markers commit`);
  }

  /** Writers without transactions: each record is committed by its acknowledgement. */
  get plainWrites() {
    return {
      attempt: (topicId: string, partition: number, value: string): bigint => {
        this.send(this.#begin(value, undefined, 'commit-asked'), placeOf(topicId, partition), value);
        return -1n;
      },
      acknowledge: (topicId: string, partition: number, offset: bigint, value: string): void =>
        this.acknowledge(placeOf(topicId, partition), offset, value),
    };
  }

  #begin(id: string, life: Life | undefined, fate: Fate): Transaction {
    const transaction: Transaction = {
      id,
      life,
      begunAt: this.clock.tick(),
      fate,
      endedAt: undefined,
      values: new Set(),
      shown: undefined,
    };
    this.#transactions.push(transaction);
    return transaction;
  }

  #noLongerOpen(transaction: Transaction): void {
    for (const open of this.#open.values()) open.delete(transaction);
  }

  #decided(transaction: Transaction, fate: 'committed' | 'aborted'): void {
    const { id, shown } = transaction;
    if (transaction.fate === fate) return;
    if (transaction.fate === 'committed' || (shown !== undefined && shown.fate !== fate))
      throw new Violation('T1', `${id} is ${fate} now, and before ${shown?.how ?? 'it was the other'}`);
    transaction.fate = fate;
    transaction.endedAt ??= this.clock.tick();
  }

  /** Something shows how a transaction has ended: all that is ever seen of it has to say the same. */
  #shown(transaction: Transaction, fate: 'committed' | 'aborted', how: string): void {
    const { id, shown } = transaction;
    if (transaction.fate === 'committed' && fate === 'aborted') throw new Violation('T1', `${id} was committed, and ${how}`);
    if (shown !== undefined && shown.fate !== fate) throw new Violation('T1', `${id}: ${shown.how}, and ${how}`);
    transaction.shown ??= { fate, how };
    if (fate === 'committed') transaction.endedAt ??= this.clock.tick();
  }

  /** Offsets of a group are seen that this transaction has committed. */
  #offsetsSeen(transaction: Transaction, how: string): void {
    if (transaction.fate === 'open' || transaction.fate === 'aborted')
      throw new Violation('T6', `${how}, of ${transaction.id}, which is ${transaction.fate}`);
    this.#shown(transaction, 'committed', how);
  }

  #found(place: string, offset: bigint, value: string): Written {
    const written = this.#written.get(value);
    if (written === undefined) throw new Violation('P13', `${place}@${offset} holds "${value}", which nobody wrote`);
    if (written.place !== place) throw new Violation('P13', `${place}@${offset} holds "${value}", which was sent to ${written.place}`);
    this.#lies(place, offset, value, 'read');
    return written;
  }

  #lies(place: string, offset: bigint, value: string, how: string): void {
    let byOffset = this.#byOffset.get(place);
    if (byOffset === undefined) this.#byOffset.set(place, (byOffset = new Map()));
    const known = byOffset.get(offset);
    if (known !== undefined && known !== value)
      throw new Violation('P13', `${place}@${offset} is ${how} as "${value}" and was "${known}" before`);
    byOffset.set(offset, value);
    const written = this.#written.get(value)!;
    if (written.offset !== undefined && written.offset !== offset)
      throw new Violation('I2', `${place}: "${value}" lies at ${written.offset} and at ${offset}`);
    written.offset = offset;
  }
}

/** How places of records are called here. */
export function placeOf(topicId: string, partition: number): string {
  return `${topicId}/${partition}`;
}
