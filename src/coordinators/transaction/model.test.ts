import { expect, test } from 'vitest';
import { SeededRandom } from '#platform';
import { batchesIn, buildEndTransactionMarker, buildRecordBatch, KafkaError } from '#protocol';
import type { PartitionLog } from '#storage';
import { createLog, startWorld } from '#storage/testing.ts';
import type { MarkersToWrite } from './decision.ts';
import { Coordinated, transactionalId } from './testing.ts';
import { isExhausted, type Producer } from './transaction.ts';

/** A program that writes in transactions. It lives on when another has started in its place, and knows nothing of it. */
interface Writer {
  producer: Producer;
  /** Partitions in which it has written in the present transaction, and how much. */
  written: Map<number, number>;
}

/** A marker on its way to a partition: it may be late, and come more than once. */
interface Letter {
  readonly markers: MarkersToWrite;
  readonly partition: number;
  readonly coordinatorEpoch: number;
}

const partitions = [0, 1, 2];

/** One transactional id of version 2, its coordinator, and partitions; all that can be late is late, and the coordinator moves. */
class Model {
  readonly #random: SeededRandom;
  readonly #coordinated = new Coordinated();
  readonly #logs: PartitionLog[];
  readonly #writers: Writer[] = [];
  readonly #letters: Letter[] = [];
  /** Batches that their writers have sent, and that have not arrived. */
  readonly #batches: { producer: Producer; partition: number; sequence: number }[] = [];
  readonly #missing = new Map<MarkersToWrite, Set<number>>();
  #coordinatorEpoch = 1;
  /** Transactions that ended with an answer to their writer. */
  readonly ends = new Map<string, boolean>();

  constructor(random: SeededRandom, logs: PartitionLog[]) {
    this.#random = random;
    this.#logs = logs;
  }

  act(): void {
    const { core } = this.#coordinated;
    // Mostly the last one: the others are zombies.
    const writer = this.#random.below(4) > 0 ? this.#writers.at(-1) : this.#writers[this.#random.below(this.#writers.length || 1)];
    const act = this.#random.below(100);
    if (writer === undefined || act < 3) this.#start();
    else if (act < 40) this.#send(writer);
    else if (act < 60) this.#arrive();
    else if (act < 72) this.#end(writer, this.#random.below(3) > 0);
    else if (act < 92) this.#deliver();
    else if (act < 95) this.#move();
    else if (act < 97) this.#coordinated.tick(this.#random.below(80_000));
    else if (act < 98 && core.get(transactionalId)?.status === 'Empty') this.#nearTheLastEpoch();
    this.#post();
  }

  /** What is under way comes to its end, with no writer left. */
  settle(): void {
    this.#move();
    for (let round = 0; round < 10; round++) {
      this.#post();
      while (this.#letters.length > 0) this.#deliver(false);
      while (this.#batches.length > 0) this.#arrive();
      this.#coordinated.tick(100_000);
    }
  }

  #start(): void {
    const answer = attempt(() => this.#coordinated.init());
    if (answer?.producer !== undefined) this.#writers.push({ producer: answer.producer, written: new Map() });
  }

  #send({ producer, written }: Writer): void {
    const partition = this.#random.below(partitions.length);
    const sequence = written.get(partition) ?? 0;
    written.set(partition, sequence + 1);
    this.#batches.push({ producer, partition, sequence });
  }

  /** The leader asks the coordinator, and appends. */
  #arrive(): void {
    const at = this.#random.below(4) > 0 ? 0 : this.#random.below(this.#batches.length || 1);
    const [batch] = this.#batches.splice(at, 1);
    if (batch === undefined) return;
    const { producer, partition, sequence } = batch;
    const log = this.#logs[partition]!;
    attempt(() => {
      if (!log.hasOpenTransaction(producer.producerId, producer.producerEpoch)) this.#coordinated.add(producer, [partition]);
      const records = [{ value: nameOf(producer) }];
      log.append(buildRecordBatch({ records, ...producer, baseSequence: sequence, isTransactional: true }), {
        leaderEpoch: 0,
        origin: 'client',
      });
    });
  }

  #end(writer: Writer, committed: boolean): void {
    const answer = attempt(() => this.#coordinated.end(writer.producer, committed));
    if (answer?.producer === undefined || this.#random.below(4) === 0) return; // refused, or the answer is lost
    this.ends.set(nameOf(writer.producer), committed);
    writer.producer = answer.producer;
    writer.written = new Map();
  }

  #post(): void {
    for (const markers of this.#coordinated.markers.splice(0)) {
      const indexes = new Set(markers.partitions.get('orders'));
      this.#missing.set(markers, indexes);
      for (const partition of indexes) this.#letters.push({ markers, partition, coordinatorEpoch: this.#coordinatorEpoch });
    }
  }

  #deliver(mayRepeat = true): void {
    const at = this.#random.below(this.#letters.length || 1);
    const letter = this.#letters[at];
    if (letter === undefined) return;
    if (!mayRepeat || this.#random.below(3) > 0) this.#letters.splice(at, 1);
    const { markers, partition, coordinatorEpoch } = letter;
    const { committed, transactionVersion, producerId, producerEpoch } = markers;
    const type = committed ? 'COMMIT' : 'ABORT';
    const marker = buildEndTransactionMarker({ type, coordinatorEpoch, producerId, producerEpoch, timestamp: 0 });
    try {
      this.#logs[partition]!.append(marker, { leaderEpoch: 0, origin: 'coordinator', transactionVersion });
    } catch (error) {
      expectKafkaError(error);
      if ((error as KafkaError).errorName !== 'INVALID_PRODUCER_EPOCH') return;
    }
    const missing = this.#missing.get(markers);
    missing?.delete(partition);
    if (missing?.size === 0) this.#coordinated.carryOut(this.#coordinated.core.markersWritten(markers, this.#coordinated.scope));
  }

  /** The coordinator before has sent what it has sent, and never hears what came of it. */
  #move(): void {
    this.#missing.clear();
    this.#coordinatorEpoch++;
    this.#coordinated.move();
  }

  #nearTheLastEpoch(): void {
    const transaction = this.#coordinated.core.get(transactionalId)!;
    if (isExhausted(transaction.producerEpoch) || transaction.producerEpoch > 32_000) return;
    this.#coordinated.carryOut({ records: [{ transactionalId, transaction: { ...transaction, producerEpoch: 32_760 } }] });
  }

  /** The transactions by the name of their producer: which of them the coordinator has committed. */
  get decisions(): Map<string, boolean> {
    const decisions = new Map<string, boolean>();
    for (const { transaction } of this.#coordinated.log) {
      if (transaction?.status !== 'PrepareCommit' && transaction?.status !== 'PrepareAbort') continue;
      const { producerId, producerEpoch, status } = transaction;
      decisions.set(nameOf({ producerId, producerEpoch: producerEpoch - 1 }), status === 'PrepareCommit');
    }
    return decisions;
  }
}

function nameOf({ producerId, producerEpoch }: Producer): string {
  return `${producerId}/${producerEpoch}`;
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    expectKafkaError(error);
    return undefined;
  }
}

function expectKafkaError(error: unknown): void {
  if (!(error instanceof KafkaError)) throw error;
}

/** What a read_committed consumer makes of a partition. */
async function committedIn(log: PartitionLog): Promise<string[]> {
  const aborted = log.abortedTransactions(0n, log.logEndOffset);
  const texts: string[] = [];
  for (let offset = 0n; offset < log.lastStableOffset; ) {
    for (const batch of batchesIn(await log.read(offset, 1_000_000, log.lastStableOffset))) {
      offset = batch.lastOffset + 1n;
      const { producerId, baseOffset } = batch;
      const isAborted = aborted.some(
        (one) => one.producerId === producerId && one.firstOffset <= baseOffset && baseOffset <= one.lastOffset,
      );
      if (!batch.isControl && !isAborted) for (const { value } of batch.records()) texts.push(String(value));
    }
  }
  return texts;
}

test.each(
  Array.from({ length: 60 }, (_, seed) => seed),
)('T1, T2, T4, T5, T7, T8: whatever is late, repeated or lost, each transaction has one fate in all partitions, and ends; seed %i', async (seed) => {
  const logs: PartitionLog[] = [];
  for (const partition of partitions) logs.push((await createLog(startWorld(partition))).log);
  const model = new Model(new SeededRandom(String(seed)), logs);

  for (let step = 0; step < 400; step++) model.act();
  model.settle();

  const written = new Map<string, number>();
  for (const log of logs) {
    log.highWatermark = log.logEndOffset;
    expect(log.lastStableOffset).toBe(log.logEndOffset);
    const committed = await committedIn(log);
    expect(committed.filter((name) => model.decisions.get(name) !== true)).toEqual([]);
    for (let offset = 0n; offset < log.logEndOffset; ) {
      for (const batch of batchesIn(await log.read(offset, 1_000_000, log.logEndOffset))) {
        offset = batch.lastOffset + 1n;
        if (!batch.isControl) written.set(nameOf(batch), (written.get(nameOf(batch)) ?? 0) + 1);
      }
    }
    for (const name of committed) written.set(name, written.get(name)! - 1);
  }
  // Of a committed transaction nothing is missing where it was written, of the others all is.
  for (const [name, invisible] of written) if (model.decisions.get(name)) expect([name, invisible]).toEqual([name, 0]);
  for (const [name, committed] of model.ends) expect(model.decisions.get(name) ?? false).toBe(committed);
  expect(model.ends.size).toBeGreaterThan(1);
});
