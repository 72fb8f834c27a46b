import { Violation } from '../violation.ts';
import type { HistoryClock } from './history-clock.ts';
import type { Transaction } from './transaction-history.ts';

/** One commit of one offset, or the deletion of one. Its id goes with the offset as metadata, so that whoever reads the offset knows the commit. */
export interface Commit {
  readonly id: string;
  readonly group: string;
  readonly place: string;
  /** -1 of a deletion. */
  readonly offset: bigint;
  readonly sentAt: number;
  readonly transaction: Transaction | undefined;
  /** Whether whoever committed it still reads the partition: then it must not expire. */
  readonly isLive: () => boolean;
  /** When it was acknowledged, or first seen. */
  answeredAt: number | undefined;
  /** Why it is certain that it was not taken. */
  refusal: string | undefined;
}

/** What a coordinator says of an offset. */
export interface SeenOffset {
  readonly committedOffset: bigint;
  readonly metadata: string | null;
}

/**
 * The committed offsets of groups (G3, G7, G8, T6): an acknowledged commit is seen by whoever asks after it, until a later one takes its place, whichever broker answers; one
 * that was refused, or whose transaction was not committed, is never seen.
 */
export class OffsetHistory {
  readonly #clock: HistoryClock;
  readonly #commits = new Map<string, Commit[]>();
  readonly #byId = new Map<string, Commit>();
  readonly #onSeen: (transaction: Transaction, how: string) => void;
  acknowledgedCount = 0;
  readonly #mayExpire: boolean;
  #ids = 0;

  /**
   * @param options.onSeen an offset is seen that a transaction has committed
   * @param options.mayExpire offsets that nobody reads on from are forgotten after a while
   */
  constructor(clock: HistoryClock, options: { onSeen?: (transaction: Transaction, how: string) => void; mayExpire?: boolean } = {}) {
    this.#clock = clock;
    this.#onSeen = options.onSeen ?? (() => {});
    this.#mayExpire = options.mayExpire ?? false;
  }

  commit(group: string, place: string, offset: bigint, by: string, of: { transaction?: Transaction; isLive?: () => boolean } = {}): Commit {
    const { transaction, isLive = () => true } = of;
    const id = `${by}#${this.#ids++}`;
    const commit: Commit = {
      id,
      group,
      place,
      offset,
      sentAt: this.#clock.tick(),
      transaction,
      isLive,
      answeredAt: undefined,
      refusal: undefined,
    };
    const key = `${group}/${place}`;
    const commits = this.#commits.get(key) ?? [];
    this.#commits.set(key, commits);
    commits.push(commit);
    this.#byId.set(id, commit);
    return commit;
  }

  acknowledge(commit: Commit): void {
    this.acknowledgedCount++;
    commit.answeredAt ??= this.#clock.tick();
  }

  refuse(commit: Commit, why: string): void {
    commit.refusal = why;
    if (commit.answeredAt !== undefined) throw new Violation('G3', `${nameOf(commit)} was seen, and is refused now: ${why}`);
  }

  /** It has certainly not happened, and nobody will see it. */
  withdraw(commit: Commit): void {
    const commits = this.#commits.get(`${commit.group}/${commit.place}`)!;
    commits.splice(commits.indexOf(commit), 1);
  }

  /** To be asked for before an offset is asked for. */
  now(): number {
    return this.#clock.tick();
  }

  /** A coordinator shows an offset. @param askedAt what {@link now} gave */
  seen(group: string, place: string, { committedOffset, metadata }: SeenOffset, askedAt: number): void {
    const where = `${group} in ${place}`;
    const commits = this.#commits.get(`${group}/${place}`) ?? [];
    if (committedOffset === -1n) {
      this.#checkNothing(where, commits, askedAt);
      return;
    }
    const commit = this.#byId.get(metadata ?? '');
    if (commit === undefined || commit.group !== group || commit.place !== place || commit.offset !== committedOffset)
      throw new Violation('G3', `${where} is at ${committedOffset} ("${metadata}"), which nobody committed`);
    const how = `${where} is at ${committedOffset} by ${commit.id}`;
    if (commit.refusal !== undefined) throw new Violation('G3', `${how}, which was refused: ${commit.refusal}`);
    if (commit.transaction !== undefined) this.#onSeen(commit.transaction, how);
    const newer = commits.find((other) => isCertain(other, askedAt) && endOf(commit) < other.sentAt);
    if (newer !== undefined) throw new Violation('G3', `${how}, and after that ${nameOf(newer)} was acknowledged`);
    commit.answeredAt ??= this.#clock.tick();
  }

  /** No offset: either there never was one, or it was deleted. */
  #checkNothing(where: string, commits: readonly Commit[], askedAt: number): void {
    const deletions = commits.filter(({ offset }) => offset === -1n);
    const lost = commits.find(
      (commit) =>
        commit.offset !== -1n &&
        isCertain(commit, askedAt) &&
        (!this.#mayExpire || commit.isLive()) &&
        deletions.every((deletion) => deletion.answeredAt !== undefined && deletion.answeredAt < commit.sentAt),
    );
    if (lost !== undefined)
      throw new Violation(this.#mayExpire ? 'G7' : 'G8', `${where} has no offset, and ${nameOf(lost)} was acknowledged`);
  }
}

/** When it had happened at the latest; never, while nobody knows. */
function endOf({ answeredAt, transaction }: Commit): number {
  return transaction === undefined ? (answeredAt ?? Number.POSITIVE_INFINITY) : (transaction.endedAt ?? Number.POSITIVE_INFINITY);
}

/** Whether it had happened when that was asked. */
function isCertain(commit: Commit, askedAt: number): boolean {
  const { transaction, answeredAt } = commit;
  if (transaction !== undefined && (answeredAt === undefined || transaction.fate !== 'committed')) return false;
  return endOf(commit) < askedAt;
}

function nameOf({ id, offset }: Commit): string {
  return offset === -1n ? `the deletion ${id}` : `the commit ${id} of ${offset}`;
}
