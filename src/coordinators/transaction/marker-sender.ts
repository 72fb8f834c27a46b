import type { Clock, Logger, Timer } from '#platform';
import type { ErrorName } from '#protocol';
import type { WriteTxnMarkersRequestInput, WriteTxnMarkersResponse } from '#protocol/apis/write-txn-markers.ts';
import type { MarkersToWrite } from './decision.ts';

/** How long a marker waits that could not be written. */
const retryMs = 50;

export interface MarkerSenderOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The broker that leads a partition: -1 while nobody does, undefined when there is no such partition. */
  leaderOf(topic: string, partition: number): number | undefined;
  /** Sends to a broker, which may be this one. Rejects when the outcome is unknown. */
  send(brokerId: number, request: WriteTxnMarkersRequestInput): Promise<WriteTxnMarkersResponse>;
  /** All markers of a transaction are written. Rejects when that could not be noted down; it is called again then. */
  written(coordinatorPartition: number, markers: MarkersToWrite): Promise<void>;
}

/** The markers of one transaction that is being ended. */
interface Job {
  readonly coordinatorPartition: number;
  readonly markers: MarkersToWrite;
  /** How many partitions have no marker yet. */
  remaining: number;
  isOver: boolean;
}

/** One marker for one partition. */
interface Errand {
  readonly job: Job;
  readonly topic: string;
  readonly partition: number;
}

/**
 * Writes the markers of transactions that are being ended into all of their partitions, whoever leads them, again and again until each has one: a
 * decision that is in the log is carried out however long it takes, and by whichever coordinator comes (T1, T7). One request to a broker is under
 * way at a time; what comes meanwhile shares the next.
 */
export class MarkerSender {
  readonly #options: MarkerSenderOptions;
  /** In which epoch this broker coordinates; a marker always carries the present one, so that it never goes back (KAFKA-9144). */
  readonly #coordinatorEpochs = new Map<number, number>();
  readonly #jobs = new Map<string, Job>();
  readonly #waiting = new Map<number, Errand[]>();
  readonly #busy = new Set<number>();
  #retries: Errand[] = [];
  #retryTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: MarkerSenderOptions) {
    this.#options = options;
  }

  /** Transactions whose markers are not all written. */
  get size(): number {
    return this.#jobs.size;
  }

  /** Begins to write. What is being written already is not begun a second time. */
  write(coordinatorPartition: number, coordinatorEpoch: number, effects: readonly MarkersToWrite[]): void {
    this.#coordinatorEpochs.set(coordinatorPartition, coordinatorEpoch);
    const errands: Errand[] = [];
    for (const markers of effects) {
      const key = keyOf(markers);
      if (this.#jobs.has(key)) continue;
      const job: Job = { coordinatorPartition, markers, remaining: 0, isOver: false };
      this.#jobs.set(key, job);
      for (const [topic, indexes] of markers.partitions) for (const partition of indexes) errands.push({ job, topic, partition });
      job.remaining = [...markers.partitions.values()].reduce((sum, { size }) => sum + size, 0);
      if (job.remaining === 0) void this.#finish(job);
    }
    this.#take(errands);
  }

  /** This broker no longer coordinates the partition: its successor writes what is missing. */
  resigned(coordinatorPartition: number): void {
    this.#coordinatorEpochs.delete(coordinatorPartition);
    for (const [key, job] of this.#jobs) {
      if (job.coordinatorPartition !== coordinatorPartition) continue;
      job.isOver = true;
      this.#jobs.delete(key);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#retryTimer?.cancel();
    for (const job of this.#jobs.values()) job.isOver = true;
    this.#jobs.clear();
  }

  /** Hands errands to the brokers that lead their partitions now. */
  #take(errands: readonly Errand[]): void {
    const brokers = new Set<number>();
    for (const errand of errands) {
      if (errand.job.isOver) continue;
      const leader = this.#options.leaderOf(errand.topic, errand.partition);
      if (leader === undefined) this.#done(errand);
      else if (leader === -1) this.#again(errand);
      else {
        const waiting = this.#waiting.get(leader);
        if (waiting === undefined) this.#waiting.set(leader, [errand]);
        else waiting.push(errand);
        brokers.add(leader);
      }
    }
    for (const brokerId of brokers) void this.#sendTo(brokerId);
  }

  async #sendTo(brokerId: number): Promise<void> {
    if (this.#busy.has(brokerId)) return;
    this.#busy.add(brokerId);
    for (let errands = this.#nextFor(brokerId); errands.length > 0 && !this.#isClosed; errands = this.#nextFor(brokerId)) {
      const byJob = Map.groupBy(errands, ({ job }) => job);
      // An answer names producers, not transactions; one that ends two in a row finds them in the order of the request.
      const groups = [...byJob];
      try {
        const { markers } = await this.#options.send(brokerId, { markers: groups.map(([job, own]) => this.#request(job, own)) });
        for (const [index, [, own]] of groups.entries()) for (const errand of own) this.#answered(errand, errorOf(markers[index], errand));
      } catch (error) {
        this.#options.logger.debug({ broker: brokerId, error: String(error) }, 'markers of transactions may not have arrived');
        for (const errand of errands) this.#again(errand);
      }
    }
    this.#busy.delete(brokerId);
  }

  #nextFor(brokerId: number): Errand[] {
    const errands = this.#waiting.get(brokerId) ?? [];
    this.#waiting.delete(brokerId);
    return errands.filter(({ job }) => !job.isOver);
  }

  #request({ markers, coordinatorPartition }: Job, errands: readonly Errand[]): WriteTxnMarkersRequestInput['markers'][number] {
    const { producerId, producerEpoch, committed, transactionVersion } = markers;
    const coordinatorEpoch = this.#coordinatorEpochs.get(coordinatorPartition)!;
    const topics = Array.from(
      Map.groupBy(errands, ({ topic }) => topic),
      ([name, own]) => ({ name, partitionIndexes: own.map(({ partition }) => partition) }),
    );
    return { producerId, producerEpoch, transactionResult: committed, topics, coordinatorEpoch, transactionVersion };
  }

  #answered(errand: Errand, error: ErrorName): void {
    // A later epoch there means that the marker was written: the producer gets it only after that (KAFKA-19999).
    if (error === 'NONE' || error === 'INVALID_PRODUCER_EPOCH') this.#done(errand);
    else this.#again(errand);
  }

  #done({ job }: Errand): void {
    job.remaining--;
    if (job.remaining === 0) void this.#finish(job);
  }

  async #finish(job: Job): Promise<void> {
    const { clock, logger, written } = this.#options;
    try {
      if (job.isOver) return;
      await written(job.coordinatorPartition, job.markers);
      const key = keyOf(job.markers);
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    } catch (error) {
      logger.debug(
        { transactionalId: job.markers.transactionalId, error: String(error) },
        'the end of a transaction could not be noted down yet',
      );
      if (!job.isOver && !this.#isClosed) clock.after(retryMs, () => void this.#finish(job));
    }
  }

  #again(errand: Errand): void {
    if (this.#isClosed) return;
    this.#retries.push(errand);
    this.#retryTimer ??= this.#options.clock.after(retryMs, () => {
      this.#retryTimer = undefined;
      const retries = this.#retries;
      this.#retries = [];
      this.#take(retries);
    });
  }
}

function keyOf({ transactionalId, producerId, producerEpoch, committed }: MarkersToWrite): string {
  return `${producerId}/${producerEpoch}/${committed}/${transactionalId}`;
}

function errorOf(answer: WriteTxnMarkersResponse['markers'][number] | undefined, { topic, partition }: Errand): ErrorName {
  const partitions = answer?.topics.find(({ name }) => name === topic)?.partitions;
  return partitions?.find(({ partitionIndex }) => partitionIndex === partition)?.errorCode ?? 'UNKNOWN_SERVER_ERROR';
}
