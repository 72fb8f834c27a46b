import { sleep } from '#platform';
import { GroupHistory } from '../checkers/group-history.ts';
import { HistoryClock } from '../checkers/history-clock.ts';
import { OffsetHistory } from '../checkers/offset-history.ts';
import { ClassicMember } from '../clients/classic-member.ts';
import { ConsumerMember } from '../clients/consumer-member.ts';
import type { GroupMember, GroupTopic } from '../clients/group-member.ts';
import type { MemberProtocol } from '../clients/group-seat.ts';
import { SimulatedClient } from '../clients/simulated-client.ts';
import type { ScenarioCluster } from './scenario-cluster.ts';

/** A member that runs by itself until it is stopped. */
export interface RunningMember {
  readonly member: GroupMember;
  /** It goes on no longer, and says nothing. */
  die(): void;
}

/** What scenarios of groups need beside a cluster: members that run by themselves, and what they were told. */
export class GroupBench {
  readonly #clock: HistoryClock;
  readonly history: GroupHistory;
  readonly offsets: OffsetHistory;
  readonly #cluster: ScenarioCluster;
  readonly #topics: GroupTopic[] = [];
  readonly #failures: unknown[] = [];

  constructor(cluster: ScenarioCluster, options: { clock?: HistoryClock; offsets?: OffsetHistory } = {}) {
    this.#cluster = cluster;
    this.#clock = options.clock ?? new HistoryClock();
    this.offsets = options.offsets ?? new OffsetHistory(this.#clock);
    const note = (what: string) => cluster.timeline.note(what);
    this.history = new GroupHistory({ clock: this.#clock, nowMs: () => cluster.world.nowMs, note });
  }

  async createTopic(name: string, partitions: number): Promise<void> {
    this.#topics.push({ name, topicId: await this.#cluster.createTopic(name, { partitions }), partitions });
  }

  /** A member begins: it reads, and commits after each poll. */
  start(name: string, protocol: MemberProtocol, options: { instanceId?: string; group?: string } = {}): RunningMember {
    const client = new SimulatedClient(this.#cluster.world, name, this.#cluster.cluster.addresses);
    const { instanceId = null, group = 'readers' } = options;
    const { history, offsets } = this;
    const common = { client, history, offsets, group, instanceId, isMixed: false, topics: this.#topics, name };
    const member = protocol === 'consumer' ? new ConsumerMember(common) : new ClassicMember({ ...common, protocol });
    let lives = true;
    const run = async (): Promise<void> => {
      while (lives && !member.isOver) {
        await member.step();
        for (const owned of member.owned) if (lives) await member.poll(owned);
        if (lives) await member.commit();
        await sleep(client.clock, 100);
      }
    };
    run().catch((error: unknown) => this.#failures.push(error));
    return {
      member,
      die: () => {
        lives = false;
      },
    };
  }

  /** Until these members, and nobody else, have all partitions, each one owner. */
  async untilShared(members: readonly RunningMember[], withinMs?: number): Promise<void> {
    const missing = (): string | undefined => {
      const owned = members.flatMap(({ member }) => [...member.life.owned.keys()]);
      const all = this.#topics.reduce((sum, { partitions }) => sum + partitions, 0);
      if (members.some(({ member }) => !member.isSettled)) return 'a member is not settled';
      return owned.length === all && new Set(owned).size === all ? undefined : `${owned.length} of ${all} partitions have owners`;
    };
    await this.#cluster.until(
      () => this.#failures.length > 0 || missing() === undefined,
      () => missing() ?? '',
      withinMs,
    );
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
