import { coordinates } from '../checkers/coordinates.ts';
import { GroupHistory } from '../checkers/group-history.ts';
import { HistoryClock } from '../checkers/history-clock.ts';
import { OffsetHistory } from '../checkers/offset-history.ts';
import { RecordHistory } from '../checkers/record-history.ts';
import { placeOf } from '../checkers/transaction-history.ts';
import { CoordinatorLink, groupKey } from '../clients/coordinator-link.ts';
import { GroupAdmin } from '../clients/group-admin.ts';
import type { GroupTopic } from '../clients/group-member.ts';
import { GroupSeat, type MemberProtocol } from '../clients/group-seat.ts';
import { IdempotentProducer } from '../clients/idempotent-producer.ts';
import { readOffsets } from '../clients/offset-reading.ts';
import type { SimulatedClient } from '../clients/simulated-client.ts';
import { askToCreate } from '../clients/topic-requests.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { Violation } from '../violation.ts';
import type { RunningWorkload, Stage } from './running-workload.ts';

const protocols = new Map<string, MemberProtocol>([
  ['eager-member', 'range'],
  ['cooperative-member', 'cooperative-sticky'],
  ['consumer-member', 'consumer'],
]);

/** At rest a member is answered every few hundred milliseconds. */
const heardWithinMs = 1000;

/** Members of groups, of all protocols, share topics out among themselves, read and commit, while they come, go, die and are started again. */
export class GroupsWorkload implements RunningWorkload {
  readonly #stage: Stage;
  readonly #clock = new HistoryClock();
  readonly #history: GroupHistory;
  readonly #offsets: OffsetHistory;
  readonly #records = new RecordHistory();
  readonly #verifier: SimulatedClient;
  readonly #seats: { readonly group: string; readonly seat: GroupSeat }[] = [];
  #topics: readonly GroupTopic[] = [];
  #isCalm = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    const mayExpire = 'offsets.retention.minutes' in stage.plan.configuration.properties;
    this.#offsets = new OffsetHistory(this.#clock, { mayExpire });
    this.#history = new GroupHistory({
      clock: this.#clock,
      nowMs: () => stage.cluster.world.nowMs,
      note: (what) => stage.timeline.note(what),
      isCoordinator: (group, host) => coordinates(stage.cluster, group, host),
      mayExpire,
    });
    this.#verifier = stage.client('verifier', { staysToTheEnd: true });
  }

  get acknowledgedCount(): number {
    return this.#offsets.acknowledgedCount;
  }

  get readCount(): number {
    return this.#history.polledCount;
  }

  start(): readonly Promise<void>[] {
    const created = this.#createTopics();
    const { clients } = this.#stage.plan.workload;
    return [created, ...clients.map((plan) => created.then(() => this.#work(plan, this.#stage.client(plan.name))))];
  }

  healed(): void {
    this.#isCalm = true;
  }

  /** G2, G5: members that stay come to share everything out, and nobody else has any of it. */
  async comeToRest(): Promise<void> {
    await this.#stage.until(
      'G2',
      () => `groups do not come to rest: ${this.#unrest()}`,
      () => this.#unrest() === undefined,
    );
    // Those who had died before have been missed by now.
    await this.#stage.pass(1000);
    const unrest = this.#unrest();
    if (unrest !== undefined) throw new Violation('G5', `a group at rest moves again: ${unrest}`);
  }

  async verify(): Promise<void> {
    for (const group of this.#groups) {
      const link = new CoordinatorLink(this.#verifier, groupKey, group);
      for (const topic of this.#topics) await this.#verifyOffsets(group, topic, link);
    }
  }

  get #groups(): readonly string[] {
    return [...new Set(this.#stage.plan.workload.clients.flatMap(({ group }) => group ?? []))];
  }

  async #createTopics(): Promise<void> {
    for (const plan of this.#stage.plan.workload.topics) {
      const topicId = await askToCreate(this.#verifier, plan);
      this.#topics = [...this.#topics, { name: plan.name, topicId, partitions: plan.partitions }];
    }
  }

  #work({ kind, group, isStatic, name }: ClientPlan, client: SimulatedClient): Promise<void> {
    const protocol = protocols.get(kind);
    if (protocol !== undefined) {
      const others = this.#stage.plan.workload.clients.filter((other) => other.group === group);
      const isMixed = new Set(others.map((other) => protocols.get(other.kind) === 'consumer')).size > 1;
      const options = {
        client,
        history: this.#history,
        offsets: this.#offsets,
        group: group!,
        instanceId: isStatic ? name : null,
        isMixed,
        topics: this.#topics,
      };
      const seat = new GroupSeat(options, protocol, () => this.#isCalm);
      this.#seats.push({ group: group!, seat });
      return seat.run();
    }
    if (kind === 'group-admin')
      return new GroupAdmin({ client, history: this.#history, offsets: this.#offsets, topics: this.#topics }).run(this.#groups);
    return new IdempotentProducer(client, this.#records, false).run(() => this.#topics.map((topic) => topic.name));
  }

  /** What is missing until every partition has an owner in every group, and all members are content. */
  #unrest(): string | undefined {
    const expected = this.#stage.plan.workload.clients.filter(({ kind }) => protocols.has(kind)).length;
    if (this.#seats.length < expected) return 'not everybody has begun';
    for (const [group, all] of Map.groupBy(this.#seats, (one) => one.group)) {
      const owned = new Map<string, string>();
      for (const { seat } of all) {
        const { member } = seat;
        if (member === undefined || !member.isSettled) return `${member?.life.name ?? 'a member'} of ${group} is not settled`;
        // Its group may have forgotten it, and it not heard of that.
        if (this.#history.nowMs - member.life.heardMs > heardWithinMs) return `${member.life.name} of ${group} gets no answers`;
        for (const place of member.life.owned.keys()) {
          const other = owned.get(place);
          if (other !== undefined) return `${place} has two owners in ${group}, ${other} and ${member.life.name}`;
          owned.set(place, member.life.name);
        }
      }
      const wanted = this.#topics.reduce((sum, { partitions }) => sum + partitions, 0);
      if (owned.size < wanted) return `${group} has owners for ${owned.size} of ${wanted} partitions`;
    }
    return undefined;
  }

  async #verifyOffsets(group: string, { name, topicId, partitions }: GroupTopic, link: CoordinatorLink): Promise<void> {
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    let last: unknown;
    const attempt = async (): Promise<ReadonlyMap<number, bigint>> => {
      for (;;) {
        last = await readOffsets(link, this.#offsets, { group, topic: name, topicId, partitions: all });
        if (last instanceof Map) return last;
        await this.#verifier.pause();
      }
    };
    const found = await this.#stage.settle(attempt(), 'G8', () => `the offsets of ${group} in ${name} cannot be read: ${last}`);
    const { cluster } = this.#stage;
    for (const [partition, committed] of found) {
      const { leader } = cluster.latestImage!.topics.byName(name)!.partitions[partition]!;
      const copy = cluster.broker(cluster.nameOf(leader)!)!.partitions.replica(name, partition)!;
      this.#history.checkFinal(group, placeOf(topicId, partition), committed, copy.highWatermark);
    }
  }
}
