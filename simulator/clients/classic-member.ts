import type { ErrorName } from '#protocol';
import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { joinGroup } from '#protocol/apis/join-group.ts';
import { leaveGroup } from '#protocol/apis/leave-group.ts';
import { syncGroup } from '#protocol/apis/sync-group.ts';
import { assignCooperatively, assignRanges, type Subscriber } from './classic-assignors.ts';
import { type ByTopic, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts';
import { GroupMember, type MemberOptions, rebalanceMs, sessionMs } from './group-member.ts';
import type { Membership } from './transactional-producer.ts';

export type ClassicProtocol = 'range' | 'cooperative-sticky';

/** A consumer with the classic protocol, eager or cooperative, as Kafka's: joins, asks what to do, sends heartbeats, and joins again whenever the group moves. */
export class ClassicMember extends GroupMember {
  readonly #protocol: ClassicProtocol;
  #memberId = '';
  #generation = -1;
  #state: 'joining' | 'syncing' | 'stable' = 'joining';
  #protocolName = '';
  #leads: readonly Subscriber[] | undefined;

  constructor(options: MemberOptions & { readonly protocol: ClassicProtocol }) {
    super(options);
    this.#protocol = options.protocol;
  }

  get membership(): Membership | undefined {
    if (this.#generation < 0) return undefined;
    return { memberId: this.#memberId, groupInstanceId: this.life.instanceId, generationIdOrMemberEpoch: this.#generation };
  }

  get isSettled(): boolean {
    return this.#state === 'stable';
  }

  async step(): Promise<void> {
    if (this.#state === 'joining') await this.#join();
    else if (this.#state === 'syncing') await this.#sync();
    else await this.#heartbeat();
  }

  async leave(): Promise<void> {
    this.giveUp();
    const members = [{ memberId: this.#memberId, groupInstanceId: this.life.instanceId }];
    const request = { groupId: this.group, memberId: '', members };
    if (this.#memberId !== '') await this.link.ask(leaveGroup, request, ({ errorCode }) => errorCode, { channel: this.life.name });
    this.history.left(this.life);
    this.isOver = true;
  }

  protected lose(): void {
    this.giveUp();
    this.#generation = -1;
    this.#state = 'joining';
  }

  async #join(): Promise<void> {
    if (this.#protocol === 'range') this.giveUp();
    const { sentMs, sentAt } = this.#now();
    const isFirst = this.#memberId === '';
    const ownedPartitions = this.#owned();
    // An eager member says the same each time, so that a static one that is started again moves nobody.
    const generationId = this.#protocol === 'range' ? -1 : this.#generation;
    const metadata = encodeSubscription({ topics: this.topics.map(({ name }) => name), ownedPartitions, generationId });
    const request = {
      groupId: this.group,
      sessionTimeoutMs: sessionMs,
      rebalanceTimeoutMs: rebalanceMs,
      memberId: this.#memberId,
      groupInstanceId: this.life.instanceId,
      protocolType: 'consumer',
      protocols: [{ name: this.#protocol, metadata }],
    };
    const options = { channel: this.life.name, timeoutMs: rebalanceMs + 1000 };
    const response = await this.link.ask(joinGroup, request, ({ errorCode }) => errorCode, options);
    if (response === undefined || response === 'not-sent') return;
    const { errorCode, memberId, generationId: generation, leader, members, protocolName, skipAssignment } = response;
    if (errorCode === 'MEMBER_ID_REQUIRED') this.#memberId = memberId;
    if (errorCode !== 'NONE') return this.#refused(errorCode);
    // Without an id a static member takes the place of whoever has it; with one it has to have it still.
    if (isFirst) this.history.letIn(this.life);
    this.history.heard(this.life, sentMs, sentAt, this.link.host);
    this.history.letIn(this.life);
    this.#memberId = memberId;
    this.#generation = generation;
    this.#protocolName = protocolName!;
    this.#state = 'syncing';
    this.#leads =
      leader === memberId && !skipAssignment
        ? members.map(({ memberId: id, groupInstanceId, metadata: told }) => ({
            memberId: id,
            groupInstanceId,
            ...decodeSubscription(told),
          }))
        : undefined;
  }

  async #sync(): Promise<void> {
    const { sentMs, sentAt } = this.#now();
    const generationId = this.#generation;
    const plan = this.#plan();
    const request = {
      groupId: this.group,
      generationId,
      memberId: this.#memberId,
      groupInstanceId: this.life.instanceId,
      protocolType: 'consumer',
      protocolName: this.#protocolName,
      assignments: Array.from(plan, ([memberId, assigned]) => ({ memberId, assignment: encodeAssignment(assigned) })),
    };
    if (plan.size > 0) {
      // A static member that is started again has another id, and what its name was given.
      const nameOf = (id: string) => this.#leads!.find(({ memberId }) => memberId === id)?.groupInstanceId ?? id;
      const places = Array.from(plan, ([memberId, assigned]) => [nameOf(memberId), this.placesOf(assigned)] as const);
      this.history.planned(this.group, generationId, new Map(places));
    }
    const options = { channel: this.life.name, timeoutMs: rebalanceMs + 1000 };
    const response = await this.link.ask(syncGroup, request, ({ errorCode }) => errorCode, options);
    if (response === undefined || response === 'not-sent') return;
    if (response.errorCode !== 'NONE') return this.#refused(response.errorCode);
    // Where the coordinator assigns it answers at once, and what took longer than a session says nothing.
    if (this.life.isMixed && this.history.nowMs - sentMs >= sessionMs) return;
    this.history.heard(this.life, sentMs, sentAt, this.link.host);
    const places = this.placesOf(decodeAssignment(response.assignment));
    const revoked = [...this.life.owned.keys()].filter((place) => !places.has(place));
    this.giveUp(revoked);
    this.history.givenInGeneration(this.life, generationId, places, this.life.instanceId ?? this.#memberId);
    this.#state = 'stable';
    // What it has given up somebody else may have now: all have to join once more.
    if (revoked.length > 0) this.#state = 'joining';
  }

  async #heartbeat(): Promise<void> {
    const { sentMs, sentAt } = this.#now();
    const request = {
      groupId: this.group,
      generationId: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: this.life.instanceId,
    };
    const response = await this.link.ask(heartbeat, request, ({ errorCode }) => errorCode, { channel: this.life.name });
    if (response === undefined || response === 'not-sent') return;
    const { errorCode } = response;
    // Only a member is asked to join again (G6).
    if (errorCode === 'NONE' || errorCode === 'REBALANCE_IN_PROGRESS')
      this.history.heard(this.life, errorCode === 'NONE' ? sentMs : Number.NEGATIVE_INFINITY, sentAt, this.link.host);
    this.#refused(errorCode);
  }

  #refused(error: ErrorName): void {
    if (error === 'REBALANCE_IN_PROGRESS') this.#state = 'joining';
    if (error === 'FENCED_INSTANCE_ID') this.over();
    if (error === 'ILLEGAL_GENERATION') this.lose();
    if (error === 'UNKNOWN_MEMBER_ID') {
      if (this.#state === 'stable') this.history.unknown(this.life);
      this.lose();
      this.#memberId = '';
    }
  }

  /** What everybody is to have, when it is this one's to say. */
  #plan(): ReadonlyMap<string, readonly ByTopic[]> {
    if (this.#leads === undefined) return new Map();
    const assign = this.#protocolName === 'range' ? assignRanges : assignCooperatively;
    return assign(this.#leads, this.topics);
  }

  #owned(): ByTopic[] {
    const byTopic = Map.groupBy(this.owned, ({ topic }) => topic.name);
    return Array.from(byTopic, ([topic, owned]) => ({ topic, partitions: owned.map(({ partition }) => partition) }));
  }

  #now(): { sentMs: number; sentAt: number } {
    return { sentMs: this.history.nowMs, sentAt: this.history.tick() };
  }
}
