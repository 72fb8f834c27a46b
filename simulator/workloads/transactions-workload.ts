import type { Address } from '#platform';
import { placeOf, TransactionHistory } from '../checkers/transaction-history.ts';
import { judgeLog } from '../checkers/transaction-log.ts';
import { type FetchedBatch, fetchBatches, type Isolation } from '../clients/batch-fetching.ts';
import { CommittedReader } from '../clients/committed-reader.ts';
import { IdempotentProducer } from '../clients/idempotent-producer.ts';
import type { SimulatedClient } from '../clients/simulated-client.ts';
import { askToCreate } from '../clients/topic-requests.ts';
import { TransactionWriter, usurp } from '../clients/transaction-writer.ts';
import { TransactionalProducer } from '../clients/transactional-producer.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { RunningWorkload, Stage } from './running-workload.ts';

/** How long a transaction may be open. */
const timeoutMs = 1500;

/** Clients write in transactions of both versions, fence one another, copy what others commit, and read it with either isolation level. */
export class TransactionsWorkload implements RunningWorkload {
  readonly #stage: Stage;
  readonly #history = new TransactionHistory();
  readonly #verifier: SimulatedClient;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#verifier = stage.client('verifier', { staysToTheEnd: true });
  }

  get acknowledgedCount(): number {
    return this.#history.acknowledgedCount;
  }

  get readCount(): number {
    return this.#history.readCount;
  }

  start(): readonly Promise<void>[] {
    const created = this.#createTopics();
    const { clients } = this.#stage.plan.workload;
    return [created, ...clients.map((plan) => created.then(() => this.#work(plan, this.#stage.client(plan.name))))];
  }

  comeToRest(): Promise<void> {
    return Promise.resolve();
  }

  async verify(): Promise<void> {
    await this.#stage.until(
      'T7',
      () => `a transaction does not end: ${this.#undecided()}`,
      () => this.#undecided() === undefined,
    );
    const visible = new Set<string>();
    for (const { name, partitions } of this.#stage.plan.workload.topics)
      for (let partition = 0; partition < partitions; partition++)
        for (const value of await this.#verifyPartition(name, partition)) visible.add(value);
    this.#history.checkFinal(visible);
  }

  async #createTopics(): Promise<void> {
    for (const topic of this.#stage.plan.workload.topics) await askToCreate(this.#verifier, topic);
  }

  #work({ kind, name, of }: ClientPlan, client: SimulatedClient): Promise<void> {
    const { topics } = this.#stage.plan.workload;
    const names = topics.map((topic) => topic.name);
    const producerOf = (transactionalId: string, version: 1 | 2) =>
      new TransactionalProducer({ client, history: this.#history, transactionalId, version, timeoutMs });
    switch (kind) {
      case 'transactional-v1':
      case 'transactional-v2':
        return new TransactionWriter(client, producerOf(name, kind === 'transactional-v1' ? 1 : 2), timeoutMs * 2).run(topics);
      case 'usurper':
        return usurp(client, producerOf(of ?? name, 2), topics);
      case 'committed-reader':
        return new CommittedReader(client, this.#history, 'read_committed').run(names);
      case 'uncommitted-reader':
        return new CommittedReader(client, this.#history, 'read_uncommitted').run(names);
      case 'idempotent':
        return new IdempotentProducer(client, this.#history.plainWrites, false).run(() => names);
      default:
        return Promise.resolve();
    }
  }

  /** A partition in which a transaction is open still. */
  #undecided(): string | undefined {
    const { cluster } = this.#stage;
    for (const { name, partitions } of cluster.latestImage?.topics.all() ?? []) {
      for (const { partition, leader } of partitions) {
        const copy = cluster.broker(cluster.nameOf(leader) ?? cluster.names[0]!)?.partitions.replica(name, partition);
        if (copy === undefined || copy.leader === undefined) return `${name}-${partition} has no leader`;
        if (copy.lastStableOffset !== copy.log.logEndOffset)
          return `${name}-${partition} is stable up to ${copy.lastStableOffset} and ends at ${copy.log.logEndOffset}`;
      }
    }
    return undefined;
  }

  /** Gives all that readers of committed records see. */
  async #verifyPartition(topic: string, partition: number): Promise<string[]> {
    const topicId = this.#stage.cluster.latestImage!.topics.byName(topic)!.id;
    const place = placeOf(topicId, partition);
    const raw = await this.#readAll(topic, topicId, partition, 'read_uncommitted');
    const { all, visible } = judgeLog(`${topic}-${partition}`, raw, (value) => this.#history.writer(value));
    this.#history.checkOrder(place, all);
    const shown = await this.#readAll(topic, topicId, partition, 'read_committed');
    for (const { records, isAborted } of shown) {
      for (const { offset, value } of records) {
        if (isAborted) this.#history.leftOut(place, offset, value);
        else this.#history.readCommitted(place, offset, value);
      }
    }
    // What the broker leaves out has to be what its markers say.
    const expected = new Set(visible.map(({ value }) => value));
    const given = shown.flatMap(({ records, isAborted }) => (isAborted ? [] : records.map(({ value }) => value)));
    this.#history.checkShown(place, expected, given);
    return given;
  }

  #readAll(topic: string, topicId: string, partition: number, isolation: Isolation): Promise<FetchedBatch[]> {
    let last = 'no leader';
    const attempt = async (): Promise<FetchedBatch[]> => {
      for (;;) {
        const leader = (await this.#verifier.find(topic))?.partitions[partition]?.leader;
        last = leader === undefined ? 'no leader' : `the leader ${leader.host} gives no records`;
        const found = leader === undefined ? undefined : await this.#readFrom(leader, topicId, partition, isolation);
        if (found !== undefined) return found;
        await this.#verifier.pause();
      }
    };
    return this.#stage.settle(attempt(), 'L2', () => `${topic}-${partition} cannot be read: ${last}`);
  }

  async #readFrom(leader: Address, topicId: string, partition: number, isolation: Isolation): Promise<FetchedBatch[] | undefined> {
    const batches: FetchedBatch[] = [];
    for (let next = 0n; ; ) {
      const read = await fetchBatches(this.#verifier, leader, isolation, { topicId, partition, fetchOffset: next, maxWaitMs: 0 });
      if (read?.errorCode !== 'NONE') return undefined;
      batches.push(...read.batches);
      next = read.nextOffset;
      if (next >= read.highWatermark) return batches;
    }
  }
}
