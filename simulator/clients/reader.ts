import type { Address } from '#platform';
import { batchesIn, type ErrorName } from '#protocol';
import { fetch } from '#protocol/apis/fetch.ts';
import type { RecordHistory } from '../checkers/record-history.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** Reads partitions from random offsets while everything goes on, and whole partitions at the end. */
export class Reader {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;

  constructor(client: SimulatedClient, history: RecordHistory) {
    this.#client = client;
    this.#history = history;
  }

  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      const name = names[this.#client.random.below(Math.max(names.length, 1))];
      if (name !== undefined) await (this.#client.random.below(3) === 0 ? this.#look(name) : this.#follow(name));
      await this.#client.pause();
    }
  }

  async #look(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    if (found === undefined) return;
    const partition = this.#client.random.below(found.leaders.length);
    const leader = found.leaders[partition];
    if (leader === undefined) return;
    const known = await this.#fetch(leader, found.topicId, partition, 0n);
    if (known === undefined) return;
    this.#remember(found.topicId, partition, known.records);
    const from = BigInt(this.#client.random.below(Number(known.highWatermark) + 1));
    const more = await this.#fetch(leader, found.topicId, partition, from);
    if (more !== undefined) this.#remember(found.topicId, partition, more.records);
  }

  /** Stays close behind the writers for a while. */
  async #follow(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    const partition = this.#client.random.below(found?.leaders.length ?? 1);
    const leader = found?.leaders[partition];
    if (found === undefined || leader === undefined) return;
    let next = 0n;
    for (let rounds = 0; rounds < 100 && !this.#client.stopped; rounds++) {
      const seen = await this.#fetch(leader, found.topicId, partition, next);
      if (seen === undefined) return;
      this.#remember(found.topicId, partition, seen.records);
      next = (seen.records.at(-1)?.offset ?? next - 1n) + 1n;
    }
  }

  /** All values of a partition, in order; undefined when it cannot be read now. */
  async readAll(leader: Address, topicId: string, partition: number): Promise<string[] | undefined> {
    const values: string[] = [];
    for (;;) {
      const found = await this.#fetch(leader, topicId, partition, BigInt(values.length));
      if (found === undefined) return undefined;
      for (const { offset, value } of found.records) if (offset === BigInt(values.length)) values.push(value);
      if (BigInt(values.length) >= found.highWatermark) return values;
    }
  }

  #remember(topicId: string, partition: number, records: readonly { offset: bigint; value: string }[]): void {
    for (const { offset, value } of records) this.#history.read(topicId, partition, offset, value);
  }

  async #fetch(
    leader: Address,
    topicId: string,
    partition: number,
    fetchOffset: bigint,
  ): Promise<{ highWatermark: bigint; records: { offset: bigint; value: string }[]; errorCode: ErrorName } | undefined> {
    const response = await this.#client.ask(leader, fetch, {
      maxWaitMs: this.#client.random.below(100),
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topicId, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1 << 16 }] }],
    });
    const answer = response?.responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 'NONE') return undefined;
    const records = [...batchesIn(answer.records ?? Buffer.alloc(0))]
      .flatMap((batch) => [...batch.records()])
      .map(({ offset, value }) => ({ offset, value: value!.toString() }));
    return { highWatermark: answer.highWatermark, records, errorCode: answer.errorCode };
  }
}
