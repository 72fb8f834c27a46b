import type { Address } from '#platform';
import type { RecordHistory } from '../checkers/record-history.ts';
import { Violation } from '../violation.ts';
import { type FetchPosition, fetchFrom } from './fetching.ts';
import type { KnownPartition, SimulatedClient } from './simulated-client.ts';

interface Position {
  next: bigint;
  /** Of the record before `next`; what a consumer notices a truncation by (KIP-320). */
  lastEpoch: number;
  /** The highest high watermark that the leader of `epoch` has shown. */
  highWatermark: bigint;
  epoch: number;
}

/**
 * A consumer that stays close behind the writers of every partition and moves with its leader. What it was given is committed, so no
 * leader may tell it that its history was cut off (P14), serve it in an epoch that is not its own (P11), skip a record, or, in one epoch, take the high watermark back (P3).
 */
export class TailReader {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;
  readonly #mayLose: boolean;
  readonly #positions = new Map<string, Position>();

  constructor(client: SimulatedClient, history: RecordHistory, mayLose: boolean) {
    this.#client = client;
    this.#history = history;
    this.#mayLose = mayLose;
  }

  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      if (names.length > 0) await this.#follow(this.#client.anyOf(names));
      await this.#client.pause();
    }
  }

  /** One partition for a while, until its leader is another or does not answer. */
  async #follow(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    const partition = this.#client.random.below(found?.partitions.length ?? 1);
    const known = found?.partitions[partition];
    if (found === undefined || known?.leader === undefined) return;
    for (let rounds = 0; rounds < 60 && !this.#client.stopped; rounds++) {
      if (!(await this.#next(found.topicId, partition, known))) return;
    }
  }

  async #next(topicId: string, partition: number, { leader, leaderEpoch }: KnownPartition): Promise<boolean> {
    const key = `${topicId}/${partition}`;
    let position = this.#positions.get(key);
    if (position === undefined) this.#positions.set(key, (position = { next: 0n, lastEpoch: -1, highWatermark: -1n, epoch: -1 }));
    // As Kafka's clients, it does not go back to a leader of an earlier epoch than one it has seen.
    if (leaderEpoch < position.epoch) return false;
    const found = await fetchFrom(this.#client, leader!, {
      topicId,
      partition,
      fetchOffset: position.next,
      currentLeaderEpoch: leaderEpoch,
      lastFetchedEpoch: position.lastEpoch,
    });
    if (found === undefined) return false;
    const where = `${leader!.host}: ${topicId}-${partition}`;
    if (found.errorCode === 'OFFSET_OUT_OF_RANGE') {
      if (!this.#mayLose && found.logStartOffset >= 0n && found.logStartOffset <= position.next)
        throw new Violation(
          'P14',
          `${where} says that it does not have ${position.next}, behind what was read in epoch ${position.lastEpoch}`,
        );
      return this.#moveTo(position, found.logStartOffset);
    }
    if (found.errorCode !== 'NONE') return false;
    if (found.diverging) {
      if (!this.#mayLose)
        throw new Violation('P14', `${where} says that what was read up to ${position.next} in epoch ${position.lastEpoch} was cut off`);
      return this.#moveTo(position, 0n);
    }
    if (position.epoch === leaderEpoch && found.highWatermark < position.highWatermark)
      throw new Violation(
        'P3',
        `${where}: the high watermark falls from ${position.highWatermark} to ${found.highWatermark} in epoch ${leaderEpoch}`,
      );
    position.epoch = leaderEpoch;
    position.highWatermark = found.highWatermark;
    for (const { offset, value } of found.records) {
      this.#history.read(topicId, partition, offset, value);
      position.next = offset + 1n;
      position.lastEpoch = found.lastEpoch;
    }
    if (this.#client.random.below(20) === 0)
      await this.#tryOtherEpoch(leader!, { topicId, partition, fetchOffset: position.next }, leaderEpoch);
    return true;
  }

  /** P11: a leader that was found in one epoch gives nothing in another, be it over or not begun. */
  async #tryOtherEpoch(leader: Address, at: FetchPosition, leaderEpoch: number): Promise<void> {
    const currentLeaderEpoch = this.#client.random.below(2) === 0 ? leaderEpoch - 1 : leaderEpoch + 1000;
    if (currentLeaderEpoch < 0) return;
    const found = await fetchFrom(this.#client, leader, { ...at, currentLeaderEpoch });
    if (found?.errorCode === 'NONE')
      throw new Violation(
        'P11',
        `${leader.host}: ${at.topicId}-${at.partition} is served in epoch ${currentLeaderEpoch}, and was so in ${leaderEpoch}`,
      );
  }

  /** The records that it wanted are gone in good order. */
  #moveTo(position: Position, offset: bigint): boolean {
    if (offset < 0n) return false;
    position.next = offset;
    position.lastEpoch = -1;
    return false;
  }
}
