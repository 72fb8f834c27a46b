import { coordinates } from '../checkers/coordinates.ts';
import { checkCopies } from '../checkers/copies.ts';
import { GroupHistory } from '../checkers/group-history.ts';
import { openTransaction } from '../checkers/open-transactions.ts';
import type { Found } from '../checkers/record-history.ts';
import { TransactionHistory } from '../checkers/transaction-history.ts';
import { ClassicMember } from '../clients/classic-member.ts';
import { CommittedReader } from '../clients/committed-reader.ts';
import { ConsumerMember } from '../clients/consumer-member.ts';
import { CoordinatorLink, groupKey } from '../clients/coordinator-link.ts';
import { Copier } from '../clients/copier.ts';
import { GroupCopier } from '../clients/group-copier.ts';
import { type GroupMember, sessionMs } from '../clients/group-member.ts';
import { IdempotentProducer } from '../clients/idempotent-producer.ts';
import { readOffsets } from '../clients/offset-reading.ts';
import type { SimulatedClient } from '../clients/simulated-client.ts';
import { askToCreate } from '../clients/topic-requests.ts';
import { TransactionAdmin } from '../clients/transaction-admin.ts';
import { TransactionVerifier } from '../clients/transaction-verifier.ts';
import { groupOf, TransactionWriter, usurp } from '../clients/transaction-writer.ts';
import { TransactionalProducer } from '../clients/transactional-producer.ts';
import { copiesTopic } from '../plan/draw-coordinator-plan.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { RunningWorkload, Stage } from './running-workload.ts';

/** How long a transaction may be open. */
const timeoutMs = 1500;
/** That of a copier in a group: the group may well go on without it while its transaction is still open, and may still be committed (KIP-447). */
const timeoutOfMemberMs = sessionMs * 3;
const copiersGroup = 'copiers';

/** Clients write in transactions of both versions, fence one another, copy what others commit, and read it with either isolation level. */
export class TransactionsWorkload implements RunningWorkload {
  readonly #stage: Stage;
  readonly #history = new TransactionHistory();
  readonly #groups: GroupHistory;
  readonly #verifier: SimulatedClient;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#groups = new GroupHistory({
      clock: this.#history.clock,
      nowMs: () => stage.cluster.world.nowMs,
      note: (what) => stage.timeline.note(what),
      isCoordinator: (group, host) => coordinates(stage.cluster, group, host),
    });
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

  healed(): void {}

  comeToRest(): Promise<void> {
    return Promise.resolve();
  }

  get #copiers(): readonly ClientPlan[] {
    return this.#stage.plan.workload.clients.filter(({ kind }) => kind === 'copier-v1' || kind === 'copier-v2');
  }

  async verify(): Promise<void> {
    await this.#stage.until(
      'T7',
      () => `a transaction does not end: ${openTransaction(this.#stage.cluster)}`,
      () => openTransaction(this.#stage.cluster) === undefined,
    );
    const visible = new Map<string, Found[]>();
    for (const { name, partitions } of this.#stage.plan.workload.topics)
      for (let partition = 0; partition < partitions; partition++)
        visible.set(`${name}-${partition}`, await this.#verifyPartition(name, partition));
    this.#history.checkFinal(new Set([...visible.values()].flat().map(({ value }) => value)));
    await this.#verifyOffsets(visible);
  }

  /** What groups have committed in transactions, and what came of what they have read. */
  async #verifyOffsets(visible: ReadonlyMap<string, readonly Found[]>): Promise<void> {
    const { clients, topics } = this.#stage.plan.workload;
    const input = topics[0]!;
    for (const { kind, name } of clients)
      if (kind === 'transactional-v1' || kind === 'transactional-v2') await this.#committed(groupOf(name), input.name, 0);
    if (this.#copiers.length === 0) return;
    for (let partition = 0; partition < input.partitions; partition++) {
      const committed = await this.#committed(copiersGroup, input.name, partition);
      const copies = visible.get(`${copiesTopic}-${partition}`)!.map(({ value }) => value);
      checkCopies(`${copiesTopic}-${partition}`, partition, visible.get(`${input.name}-${partition}`)!, copies, committed);
    }
  }

  #committed(group: string, topic: string, partition: number): Promise<bigint> {
    const topicId = this.#stage.cluster.latestImage!.topics.byName(topic)!.id;
    const link = new CoordinatorLink(this.#verifier, groupKey, group);
    let last: unknown;
    const attempt = async (): Promise<bigint> => {
      for (;;) {
        last = await readOffsets(link, this.#history.offsets, { group, topic, topicId, partitions: [partition] });
        if (last instanceof Map) return last.get(partition) as bigint;
        await this.#verifier.pause();
      }
    };
    return this.#stage.settle(attempt(), 'T7', () => `the offset of ${group} in ${topic}-${partition} cannot be read: ${last}`);
  }

  async #createTopics(): Promise<void> {
    for (const topic of this.#stage.plan.workload.topics) await askToCreate(this.#verifier, topic);
  }

  #work(plan: ClientPlan, client: SimulatedClient): Promise<void> {
    const { kind, name, of } = plan;
    // Copies are written by copiers alone.
    const topics = this.#stage.plan.workload.topics.filter((topic) => topic.name !== copiesTopic);
    const names = this.#stage.plan.workload.topics.map((topic) => topic.name);
    const producerOf = (transactionalId: string, version: 1 | 2, openForMs = timeoutMs) =>
      new TransactionalProducer({ client, history: this.#history, transactionalId, version, timeoutMs: openForMs });
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
      case 'copier-v1':
      case 'copier-v2': {
        if (plan.protocol !== undefined)
          return this.#groupCopier(plan.protocol, client, producerOf(name, kind === 'copier-v1' ? 1 : 2, timeoutOfMemberMs)).run();
        const copiers = this.#copiers.map((copier) => copier.name);
        const { partitions } = topics[0]!;
        const own = Array.from({ length: partitions }, (_, index) => index).filter((index) => copiers[index % copiers.length] === name);
        const producer = producerOf(name, kind === 'copier-v1' ? 1 : 2);
        const copied = { from: topics[0]!.name, to: copiesTopic, partitions };
        return new Copier({ client, history: this.#history, producer, topics: copied, group: copiersGroup, own }).run();
      }
      case 'transaction-admin':
        return new TransactionAdmin(client).run(
          names,
          this.#stage.plan.workload.clients.map((other) => other.name),
        );
      case 'idempotent':
        return new IdempotentProducer(client, this.#history.plainWrites, false).run(() => topics.map((topic) => topic.name));
      default:
        return Promise.resolve();
    }
  }

  #groupCopier(protocol: NonNullable<ClientPlan['protocol']>, client: SimulatedClient, producer: TransactionalProducer): GroupCopier {
    const input = this.#stage.plan.workload.topics[0]!;
    const topicId = this.#stage.cluster.latestImage!.topics.byName(input.name)!.id;
    const options = {
      client,
      history: this.#groups,
      offsets: this.#history.offsets,
      group: copiersGroup,
      instanceId: null,
      isMixed: false,
      topics: [{ name: input.name, topicId, partitions: input.partitions }],
      isolation: 'read_committed',
    } as const;
    const newMember = (life: string): GroupMember =>
      protocol === 'consumer' ? new ConsumerMember({ ...options, name: life }) : new ClassicMember({ ...options, name: life, protocol });
    return new GroupCopier({ client, history: this.#history, producer, to: copiesTopic, group: copiersGroup, newMember });
  }

  #verifyPartition(topic: string, partition: number): Promise<Found[]> {
    const { id } = this.#stage.cluster.latestImage!.topics.byName(topic)!;
    const verifier = new TransactionVerifier(this.#verifier, this.#history);
    const read = verifier.verify(topic, id, partition);
    return this.#stage.settle(read, 'L2', () => `${topic}-${partition} cannot be read: ${verifier.last}`);
  }
}
