import { describeProducers } from '#protocol/apis/describe-producers.ts';
import { describeTransactions } from '#protocol/apis/describe-transactions.ts';
import { listTransactions } from '#protocol/apis/list-transactions.ts';
import { Violation } from '../violation.ts';
import { CoordinatorLink, transactionKey } from './coordinator-link.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** An administrator who looks at transactions (KIP-664). What is listed has to be what was asked for. */
export class TransactionAdmin {
  readonly #client: SimulatedClient;

  constructor(client: SimulatedClient) {
    this.#client = client;
  }

  async run(topics: readonly string[], transactionalIds: readonly string[]): Promise<void> {
    const links = transactionalIds.map((id) => ({ id, link: new CoordinatorLink(this.#client, transactionKey, id) }));
    while (!this.#client.stopped) {
      for (let i = 0; i < 3; i++) await this.#client.pause();
      const { id, link } = this.#client.anyOf(links);
      const act = this.#client.random.below(3);
      if (act === 0) await this.#list();
      else if (act === 1) await this.#describe(id, link);
      else await this.#producers(this.#client.anyOf(topics));
    }
  }

  async #list(): Promise<void> {
    const state = this.#client.anyOf(['Ongoing', 'CompleteCommit', 'PrepareAbort']);
    const request = { stateFilters: [state], producerIdFilters: [] };
    const response = await this.#client.ask(this.#client.anyBroker(), listTransactions, request);
    const other = response?.transactionStates.find(({ transactionState }) => transactionState !== state);
    if (other !== undefined) throw new Violation('T7', `${other.transactionalId} is listed as ${state} and is ${other.transactionState}`);
  }

  async #describe(id: string, link: CoordinatorLink): Promise<void> {
    const response = await link.ask(
      describeTransactions,
      { transactionalIds: [id] },
      ({ transactionStates }) => transactionStates[0]?.errorCode,
    );
    const described = response === 'not-sent' ? undefined : response?.transactionStates[0];
    if (described?.errorCode !== 'NONE') return;
    const { transactionState, topics } = described;
    const isOpen = !['Empty', 'CompleteCommit', 'CompleteAbort'].includes(transactionState);
    if (!isOpen && topics.length > 0) throw new Violation('T7', `${id} is ${transactionState}, and ${topics[0]!.topic} takes part in it`);
  }

  async #producers(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    const leader = found?.partitions[0]?.leader;
    if (leader === undefined) return;
    await this.#client.ask(leader, describeProducers, { topics: [{ name: topic, partitionIndexes: [0] }] });
  }
}
