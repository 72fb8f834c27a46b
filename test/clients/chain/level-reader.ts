import type { KafkaClient } from '../../support/kafka-client.ts';

/** What is wrong with a level: numbers are those of keys. */
export interface LevelFaults {
  readonly missing: number[];
  readonly twice: number[];
  /** Below one that comes before it in its partition, which the level above did not do. */
  readonly outOfOrder: number[];
}

/** Which keys have arrived at a level, as readers of committed records see it. */
export class LevelReader {
  readonly topic: string;
  readonly #client: KafkaClient;
  readonly #next: bigint[];
  readonly #last: number[];
  readonly #times = new Map<number, number>();
  readonly #outOfOrder: number[] = [];

  constructor(client: KafkaClient, topic: string, partitions: number) {
    this.#client = client;
    this.topic = topic;
    this.#next = Array.from({ length: partitions }, () => 0n);
    this.#last = Array.from({ length: partitions }, () => -1);
  }

  /** Different keys so far. */
  get count(): number {
    return this.#times.size;
  }

  /** Reads what is new. A partition that cannot be read now is read next time. */
  async read(): Promise<void> {
    await Promise.all(
      this.#next.map(async (from, partition) => {
        try {
          const { records } = await this.#client.committed(this.topic, partition, from);
          for (const { key } of records) this.add(partition, Number(key));
          if (records.length > 0) this.#next[partition] = records.at(-1)!.offset + 1n;
        } catch {
          await this.#client.refresh().catch(() => {});
        }
      }),
    );
  }

  add(partition: number, key: number): void {
    this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
    if (key < this.#last[partition]!) this.#outOfOrder.push(key);
    this.#last[partition] = key;
  }

  faults(records: number): LevelFaults {
    const missing = Array.from({ length: records }, (_, key) => key).filter((key) => !this.#times.has(key));
    const twice = [...this.#times].filter(([, times]) => times > 1).map(([key]) => key);
    return { missing, twice, outOfOrder: this.#outOfOrder };
  }
}
