import type { Address } from '#platform';
import type { Found, RecordHistory } from '../checkers/record-history.ts';
import { fetchFrom } from './fetching.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** Reads partitions from random offsets while everything goes on, and whole partitions at the end. */
export class Looker {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;

  constructor(client: SimulatedClient, history: RecordHistory) {
    this.#client = client;
    this.#history = history;
  }

  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      if (names.length > 0) await this.#look(this.#client.anyOf(names));
      await this.#client.pause();
    }
  }

  async #look(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    if (found === undefined) return;
    const partition = this.#client.random.below(found.partitions.length);
    const { leader, replicas } = found.partitions[partition]!;
    // Now and then a follower is asked, which gives what it knows to be committed.
    const asked = this.#client.random.below(3) === 0 && replicas.length > 0 ? this.#client.anyOf(replicas) : leader;
    if (asked === undefined) return;
    const known = await this.#fetch(asked, found.topicId, partition, 0n);
    if (known === undefined) return;
    const span = known.highWatermark - known.logStartOffset;
    if (span < 0n) return;
    await this.#fetch(asked, found.topicId, partition, known.logStartOffset + BigInt(this.#client.random.below(Number(span) + 1)));
  }

  /** All records of a partition from its log start on; undefined when it cannot be read now. */
  async readAll(leader: Address, topicId: string, partition: number): Promise<{ logStartOffset: bigint; records: Found[] } | undefined> {
    const first = await fetchFrom(this.#client, leader, { topicId, partition, fetchOffset: 0n });
    if (first === undefined || (first.errorCode !== 'NONE' && first.errorCode !== 'OFFSET_OUT_OF_RANGE')) return undefined;
    const { logStartOffset } = first;
    const records: Found[] = [];
    for (;;) {
      const next = logStartOffset + BigInt(records.length);
      const found = await fetchFrom(this.#client, leader, { topicId, partition, fetchOffset: next });
      if (found === undefined || found.errorCode !== 'NONE') return undefined;
      records.push(...found.records);
      if (logStartOffset + BigInt(records.length) >= found.highWatermark) return { logStartOffset, records };
    }
  }

  async #fetch(from: Address, topicId: string, partition: number, fetchOffset: bigint) {
    const found = await fetchFrom(this.#client, from, { topicId, partition, fetchOffset, rackId: 'elsewhere' });
    if (found === undefined || (found.errorCode !== 'NONE' && found.errorCode !== 'OFFSET_OUT_OF_RANGE')) return undefined;
    for (const { offset, value } of found.records) this.#history.read(topicId, partition, offset, value);
    return found;
  }
}
