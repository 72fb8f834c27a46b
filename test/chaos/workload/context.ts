import type { Random } from '#platform';
import { parseValue } from '../../crash/history.ts';
import type { ChaosCluster } from '../cluster.ts';
import type { HistoryFile } from '../history-file.ts';

/** What every client of the workload is given. */
export interface Context {
  readonly cluster: ChaosCluster;
  readonly history: HistoryFile;
  readonly topic: string;
  readonly partitions: number;
  /** Of this client alone. */
  readonly random: Random;
  /** Of each partition: beyond the highest offset that any client has been told of. */
  readonly ends: number[];
  /** Says what no right broker does, besides what the history shows. */
  problem(sentence: string): void;
}

/** A client at work. */
export interface Worker {
  readonly name: string;
  /** Finishes what it has begun, and ends. */
  stop(): Promise<void>;
}

/** Calls `step` again and again until it is stopped. A step deals with what faults can do to it; what else it throws ends the loop. */
export class Loop implements Worker {
  readonly name: string;
  #isStopped = false;
  #error: unknown;
  readonly #done: Promise<void>;

  constructor(name: string, step: () => Promise<void>, finish: () => Promise<void> = async () => {}) {
    this.name = name;
    this.#done = this.#run(step).then(finish);
  }

  /** @throws what ended it early */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
    if (this.#error !== undefined) throw new Error(`${this.name} broke off`, { cause: this.#error });
  }

  async #run(step: () => Promise<void>): Promise<void> {
    try {
      while (!this.#isStopped) await step();
    } catch (error) {
      this.#error = error;
    }
  }
}

/** Kafka's clients are told all brokers, in an order of chance: the first one may be the one that hangs. */
export function bootstrapOf({ cluster, random }: Context): string[] {
  const addresses = cluster.bootstrap.split(',');
  const first = random.below(addresses.length);
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}

/** What names a record in the history: stream/partition/number. What follows in the value is ballast. */
export function identityOf(value: string): string {
  const parsed = parseValue(value);
  return parsed === undefined ? value.slice(0, 100) : `${parsed.stream}/${parsed.partition}/${parsed.number}`;
}

/** Beyond which offset does the partition have nothing that we know of? */
export function reached({ ends }: Context, partition: number, end: number): void {
  ends[partition] = Math.max(ends[partition] ?? 0, end);
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
