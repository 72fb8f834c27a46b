/** What the tests of transactions share: a core whose records are replayed as its shell would do it. Not part of the program. */
import type { KafkaError } from '#protocol';
import type { Scope } from '../runtime/index.ts';
import { type MarkersToWrite, needsProducerId, type ProducerAnswer, type TransactionDecision } from './decision.ts';
import { transactionRecords } from './records.ts';
import type { Producer, TransactionRecord } from './transaction.ts';
import { TransactionCoordinator, type TransactionSettings } from './transaction-coordinator.ts';

export const settings: TransactionSettings = { timeoutCheckMs: 1000, expiryCheckMs: 60_000, expirationMs: 600_000 };
export const transactionalId = 'payer';

/** A coordinator of one partition. What it decides counts as committed at once; markers stay where they are until they are called written. */
export class Coordinated {
  core = new TransactionCoordinator(settings);
  now = 1_000_000;
  /** All that was ever appended. */
  readonly log: TransactionRecord[] = [];
  /** Markers that nobody has written yet. */
  markers: MarkersToWrite[] = [];
  #lastProducerId = 0n;

  constructor() {
    this.carryOut(this.core.loaded(this.scope));
  }

  get scope(): Scope {
    return { now: { wall: this.now, monotonic: this.now }, ticket: 1, leaderEpoch: 1 };
  }

  /** Appends, and gives the response. */
  carryOut<Response>({ records, response, effects = [] }: TransactionDecision<Response>): Response {
    for (const record of records) {
      this.log.push(record);
      this.core.replay(record);
    }
    this.markers.push(...effects);
    return response as Response;
  }

  init({ known, timeoutMs = 60_000, id = transactionalId }: { known?: Producer; timeoutMs?: number; id?: string } = {}) {
    const decide = (freshProducerId?: bigint) =>
      this.core.initProducerId({ transactionalId: id, timeoutMs, known, freshProducerId }, this.scope);
    return this.#withProducerId(decide);
  }

  add(producer: Producer, partitions: readonly number[] = [0], clientVersion = 2) {
    const request = { transactionalId, ...producer, partitions: new Map([['orders', new Set(partitions)]]), clientVersion };
    return this.carryOut(this.core.addPartitions(request, this.scope));
  }

  end(producer: Producer, committed: boolean, clientVersion = 2) {
    const decide = (freshProducerId?: bigint) =>
      this.core.endTxn({ transactionalId, ...producer, committed, clientVersion, freshProducerId }, this.scope);
    return this.#withProducerId(decide);
  }

  /** All markers that were asked for are written. */
  complete(): void {
    for (const markers of this.markers.splice(0)) this.carryOut(this.core.markersWritten(markers, this.scope));
  }

  tick(afterMs: number): void {
    this.now += afterMs;
    this.carryOut(this.core.tick(this.scope));
  }

  /** Another broker takes over with what is in the log. */
  move(): void {
    this.core = new TransactionCoordinator(settings);
    this.markers = [];
    for (const record of this.log) {
      const { key, value } = transactionRecords.encode(record);
      this.core.replay(transactionRecords.decode(key, value)!);
    }
    this.carryOut(this.core.loaded(this.scope));
  }

  get status() {
    return this.core.get(transactionalId)?.status;
  }

  #withProducerId(decide: (fresh?: bigint) => TransactionDecision<ProducerAnswer>): Exclude<ProducerAnswer, typeof needsProducerId> {
    const first = this.carryOut(decide());
    const answer = first === needsProducerId ? this.carryOut(decide(++this.#lastProducerId)) : first;
    if (answer === needsProducerId) throw new Error('asked for a producer id twice');
    return answer;
  }
}

/** The name of the error with which something is refused. */
export function refusal(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return (error as KafkaError).errorName;
  }
  return undefined;
}
