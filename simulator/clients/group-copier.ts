import { sleep } from '#platform';
import type { TransactionHistory } from '../checkers/transaction-history.ts';
import { type GroupMember, type Owned, sessionMs } from './group-member.ts';
import type { SimulatedClient } from './simulated-client.ts';
import { AbortableError, FencedError, type TransactionalProducer } from './transactional-producer.ts';

/**
 * Consume, transform, produce, with partitions that a group shares out (KIP-447): what a copier has read and committed in a transaction counts only while it is a
 * member of the present generation, and whoever gets a partition after it begins where its last transaction ended.
 */
export class GroupCopier {
  readonly #client: SimulatedClient;
  readonly #producer: TransactionalProducer;
  readonly #to: string;
  readonly #group: string;
  readonly #newMember: (name: string) => GroupMember;
  #lives = 0;

  constructor(options: {
    client: SimulatedClient;
    history: TransactionHistory;
    producer: TransactionalProducer;
    to: string;
    group: string;
    newMember: (name: string) => GroupMember;
  }) {
    this.#client = options.client;
    this.#producer = options.producer;
    this.#to = options.to;
    this.#group = options.group;
    this.#newMember = options.newMember;
  }

  async run(): Promise<void> {
    while (!this.#client.stopped) await this.#live(this.#newMember(`${this.#client.name}.${this.#lives++}`));
  }

  async #live(member: GroupMember): Promise<void> {
    const { random, clock } = this.#client;
    for (let rounds = 15 + random.below(40); rounds > 0 && !this.#client.stopped && !member.isOver; rounds--) {
      await member.step();
      try {
        if (!this.#producer.isStarted) await this.#producer.start();
        const { owned } = member;
        if (owned.length > 0 && !member.isOver) await this.#copy(member, this.#client.anyOf(owned));
      } catch (error) {
        if (!(error instanceof FencedError)) throw error;
        this.#producer.leave();
        member.seekToCommitted();
      }
      await sleep(clock, 50 + random.below(150));
    }
    if (random.below(2) === 0 && !member.isOver) await member.leave();
  }

  async #copy(member: GroupMember, owned: Owned): Promise<void> {
    const batches = await member.poll(owned);
    const position = await member.position(owned);
    if (batches.length === 0 || position === undefined) return;
    const records = batches.flatMap((batch) => (batch.isAborted ? [] : batch.records));
    const { topic, partition } = owned;
    const transaction = this.#producer.begin();
    try {
      const copies = records.map(({ offset }, index) => `${transaction.id}:${index}:copy of ${partition}@${offset}`);
      if (copies.length > 0) await this.#producer.send(this.#to, partition, copies);
      const { membership } = member;
      if (membership === undefined) throw new AbortableError('it is out of the group');
      await this.#producer.sendOffsets({ group: this.#group, topic: topic.name, offsets: new Map([[partition, position]]), membership });
      // Now and then it takes so long that the group goes on without it.
      if (this.#client.random.below(10) === 0) await sleep(this.#client.clock, this.#client.random.below(sessionMs * 2));
      const outcome = await this.#producer.end(this.#client.random.below(6) > 0);
      if (outcome !== 'committed') member.seekToCommitted();
    } catch (error) {
      if (!(error instanceof AbortableError)) throw error;
      member.seekToCommitted();
      await this.#producer.end(false);
    }
  }
}
