import { sleep } from '#platform';
import type { SimulatedClient } from './simulated-client.ts';
import { AbortableError, FencedError, type TransactionalProducer } from './transactional-producer.ts';

/** The group for which a writer commits offsets now and then. */
export function groupOf(transactionalId: string): string {
  return `group of ${transactionalId}`;
}

/** Writes one transaction after another: some are aborted, some left open for too long, and now and then the program dies and is started again. */
export class TransactionWriter {
  readonly #client: SimulatedClient;
  readonly #producer: TransactionalProducer;
  /** Longer than the transaction may be open. */
  readonly #tooLongMs: number;

  constructor(client: SimulatedClient, producer: TransactionalProducer, tooLongMs: number) {
    this.#client = client;
    this.#producer = producer;
    this.#tooLongMs = tooLongMs;
  }

  async run(topics: readonly { readonly name: string; readonly partitions: number }[]): Promise<void> {
    while (!this.#client.stopped) {
      try {
        if (!this.#producer.isStarted) await this.#producer.start();
        await this.#write(topics);
      } catch (error) {
        if (!(error instanceof FencedError)) throw error;
        this.#producer.leave();
      }
      await this.#client.pause();
    }
  }

  async #write(topics: readonly { readonly name: string; readonly partitions: number }[]): Promise<void> {
    const { random } = this.#client;
    const transaction = this.#producer.begin();
    try {
      const sends = topics.flatMap(({ name, partitions }) =>
        Array.from({ length: partitions }, (_, partition) => ({ name, partition })).filter(() => random.below(5) < 3),
      );
      let number = 0;
      for (let round = 1 + random.below(2); round > 0; round--) {
        const each = sends.map(({ name, partition }) => {
          const values = Array.from({ length: 1 + random.below(3) }, () => `${transaction.id}:${number++}:`);
          return this.#producer.send(name, partition, values);
        });
        // All of them have to be over: what is still under way must not get into the next transaction.
        const failed = (await Promise.allSettled(each)).find((result) => result.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
      if (random.below(3) === 0) {
        const offsets = new Map([[0, BigInt(random.below(1000))]]);
        await this.#producer.sendOffsets({ group: groupOf(this.#producer.transactionalId), topic: topics[0]!.name, offsets });
      }
      if (random.below(25) === 0) await sleep(this.#client.clock, this.#tooLongMs);
      if (random.below(12) === 0) return this.#producer.leave();
      await this.#producer.end(random.below(4) > 0);
    } catch (error) {
      if (!(error instanceof AbortableError)) throw error;
      await this.#producer.end(false);
    }
  }
}

/** Now and then starts as somebody else's transactional id and writes a transaction of its own: the other is fenced, and fences it in turn. */
export async function usurp(
  client: SimulatedClient,
  producer: TransactionalProducer,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  while (!client.stopped) {
    for (let i = 0; i < 8 && !client.stopped; i++) await client.pause();
    if (client.stopped) return;
    try {
      await producer.start();
      for (let transactions = client.random.below(3); transactions > 0; transactions--) {
        const transaction = producer.begin();
        const { name, partitions } = client.anyOf(topics);
        await producer.send(name, client.random.below(partitions), [`${transaction.id}:0:`]);
        await producer.end(client.random.below(3) > 0);
      }
    } catch (error) {
      if (error instanceof AbortableError) await producer.end(false).catch(() => {});
      else if (!(error instanceof FencedError)) throw error;
    }
    producer.leave();
  }
}
