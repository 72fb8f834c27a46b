import assert from 'node:assert/strict';
import { KafkaError } from '#protocol';
import type { GroupMetadataValueInput } from '#protocol/stored/group-metadata-value.ts';
import type { Committer, Group } from '../group.ts';
import type { ClassicGroupRecord, GroupRecord } from '../records.ts';
import type { Turn } from '../turn.ts';
import { type ClassicMember, type MemberProtocol, metadataOf } from './member.ts';
import type { ClassicState } from './state.ts';
import { empty } from './states/empty.ts';
import { stable } from './states/stable.ts';
import { consumerProtocolType, readSubscription } from './subscription.ts';
import { checkGeneration } from './sync-group.ts';

const noBytes = Buffer.alloc(0);

/**
 * A classic group: members that agree in generations on who does what; one of them, the leader, decides it. Its last stable generation is what its
 * record says; what happens between two of them ends with the coordinator, and members join again.
 */
export class ClassicGroup implements Group {
  readonly type = 'classic';
  readonly groupId: string;
  generationId = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  readonly members = new Map<string, ClassicMember>();
  /** The member ids of static members. */
  readonly instances = new Map<string, string>();
  /** Ids that were given to members that have not come back with them (KIP-394). */
  readonly pendingMembers = new Set<string>();
  /** Those of the generation that have not asked yet what to do. */
  readonly pendingSyncs = new Set<string>();
  /** A first rebalance waits for more members; since it began to, another one has come. */
  awaitsMore = false;
  hasGrown = false;
  #state: ClassicState = empty;
  #stateTimestamp: number;
  #subscribedTopics: ReadonlySet<string> | undefined;

  /** @param now wall time */
  constructor(groupId: string, now: number) {
    this.groupId = groupId;
    this.#stateTimestamp = now;
  }

  get state(): ClassicState {
    return this.#state;
  }

  /** Since when it is in its state, in milliseconds since 1970. */
  get stateTimestamp(): number {
    return this.#stateTimestamp;
  }

  /** The topics that its consumers read; undefined when it is no group of consumers, or that cannot be told. */
  get subscribedTopics(): ReadonlySet<string> | undefined {
    return this.#subscribedTopics;
  }

  get isEmpty(): boolean {
    return this.#state === empty;
  }

  get stateName(): string {
    return this.#state.name;
  }

  get isIdle(): boolean {
    return this.pendingMembers.size === 0;
  }

  get emptySince(): number | undefined {
    return this.isEmpty && this.protocolType !== null ? this.#stateTimestamp : undefined;
  }

  mayRead(topic: string): boolean {
    if (this.isEmpty) return false;
    return this.#state !== stable || this.#subscribedTopics === undefined || this.#subscribedTopics.has(topic);
  }

  checkCommit(committer: Committer, inTransaction: boolean, turn: Turn): void {
    const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = committer;
    if (generationId < 0 && this.isEmpty) return;
    if (generationId < 0 && memberId === '' && groupInstanceId === null) {
      // Clients before version 3 of TxnOffsetCommit do not say who they are; their transactional id fences them.
      if (inTransaction) return;
      throw new KafkaError('UNKNOWN_MEMBER_ID', 'the group has members, and who commits is none of them');
    }
    const member = this.member(memberId, groupInstanceId);
    checkGeneration(this, generationId);
    if (!inTransaction) this.#state.checkCommit(this, member, turn);
  }

  checkFetch(): void {}

  tombstones(): GroupRecord[] {
    return [{ kind: 'classic-group', key: { group: this.groupId }, value: null }];
  }

  enter(state: ClassicState, turn: Turn): void {
    this.#state = state;
    this.#stateTimestamp = turn.now.wall;
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  /** How long a rebalance waits at most: as long as its most patient member wants. */
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs));
  }

  get awaitingJoin(): number {
    let count = 0;
    for (const { joinTicket } of this.members.values()) if (joinTicket !== undefined) count++;
    return count;
  }

  get haveAllJoined(): boolean {
    return this.pendingMembers.size === 0 && this.awaitingJoin === this.members.size;
  }

  add(member: ClassicMember, protocolType: string): void {
    if (this.members.size === 0) this.protocolType = protocolType;
    this.leaderId ??= member.memberId;
    this.members.set(member.memberId, member);
    this.pendingMembers.delete(member.memberId);
    if (member.groupInstanceId !== null) this.instances.set(member.groupInstanceId, member.memberId);
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId);
    this.pendingMembers.delete(memberId);
    if (member === undefined) return;
    this.members.delete(memberId);
    this.pendingSyncs.delete(memberId);
    if (member.groupInstanceId !== null && this.instances.get(member.groupInstanceId) === memberId)
      this.instances.delete(member.groupInstanceId);
    if (this.isLeader(memberId)) this.leaderId = this.members.keys().next().value ?? null;
  }

  /** A static member is there again under another id: it takes the place, and the leadership, that it had. */
  replace(member: ClassicMember, newMemberId: string): ClassicMember {
    const replacement: ClassicMember = { ...member, memberId: newMemberId, joinTicket: undefined, syncTicket: undefined };
    const members = [...this.members.values()].map((each) => (each === member ? replacement : each));
    this.members.clear();
    for (const each of members) this.members.set(each.memberId, each);
    this.instances.set(member.groupInstanceId!, newMemberId);
    if (this.isLeader(member.memberId)) this.leaderId = newMemberId;
    return replacement;
  }

  /**
   * Finds a member by what a request says of it.
   * @throws KafkaError UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID when another member has the static member's name by now (G6)
   */
  member(memberId: string, groupInstanceId: string | null): ClassicMember {
    if (groupInstanceId !== null) {
      const known = this.instances.get(groupInstanceId);
      if (known === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no static member ${groupInstanceId}`);
      if (known !== memberId)
        throw new KafkaError('FENCED_INSTANCE_ID', `the static member ${groupInstanceId} is there under another member id by now`);
    }
    const member = this.members.get(memberId);
    if (member === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no member ${memberId}`);
    return member;
  }

  /** May a member that offers this be in the group: does it share a protocol that all others have, too? */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false;
    if (this.members.size === 0) return true;
    const common = this.#commonProtocols();
    return protocolType === this.protocolType && protocols.some(({ name }) => common.has(name));
  }

  /** The protocol with the most votes among those that all members have: each votes for the one that it names first. */
  selectProtocol(): string {
    const common = this.#commonProtocols();
    const votes = new Map<string, number>();
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => common.has(name));
      assert(choice !== undefined, `group ${this.groupId} has members without a common protocol`);
      votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
    }
    return [...votes].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
  }

  /** The next generation begins, with these members. */
  advance(): void {
    this.generationId = this.generationId === 0x7fff_ffff ? 1 : this.generationId + 1;
    this.protocolName = this.members.size === 0 ? null : this.selectProtocol();
    this.#subscribedTopics = this.#readSubscriptions();
  }

  /** What the log says of the group becomes so. Members that are known keep what they wait for. */
  restore(value: GroupMetadataValueInput, now: number): void {
    const { protocolType, generation, protocol, leader, members, currentStateTimestamp = -1n } = value;
    const known = new Map(this.members);
    this.members.clear();
    this.instances.clear();
    this.protocolType = protocolType === '' ? null : protocolType;
    this.generationId = generation;
    this.protocolName = protocol ?? null;
    this.leaderId = leader ?? null;
    for (const stored of members) {
      const { memberId, groupInstanceId = null, clientId, clientHost, sessionTimeout, subscription, assignment } = stored;
      const member = known.get(memberId) ?? {
        memberId,
        groupInstanceId,
        clientId,
        clientHost,
        rebalanceTimeoutMs: stored.rebalanceTimeout === undefined || stored.rebalanceTimeout < 0 ? sessionTimeout : stored.rebalanceTimeout,
        sessionTimeoutMs: sessionTimeout,
        protocols: [{ name: protocol ?? '', metadata: subscription }],
        assignment: noBytes,
        joinTicket: undefined,
        syncTicket: undefined,
        isNew: false,
      };
      member.assignment = assignment;
      member.syncTicket = undefined;
      this.members.set(memberId, member);
      if (groupInstanceId !== null) this.instances.set(groupInstanceId, memberId);
    }
    this.#state = members.length === 0 ? empty : stable;
    this.#stateTimestamp = currentStateTimestamp === -1n ? now : Number(currentStateTimestamp);
    this.#subscribedTopics = this.#readSubscriptions();
  }

  /** Its record, with what each member is to do; those that are not named get nothing. */
  record(now: number, assignments: ReadonlyMap<string, Buffer>): ClassicGroupRecord {
    return {
      kind: 'classic-group',
      key: { group: this.groupId },
      value: {
        protocolType: this.protocolType ?? '',
        generation: this.generationId,
        protocol: this.protocolName,
        leader: this.leaderId,
        currentStateTimestamp: BigInt(now),
        members: [...this.members.values()].map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          rebalanceTimeout: member.rebalanceTimeoutMs,
          sessionTimeout: member.sessionTimeoutMs,
          subscription: metadataOf(member, this.protocolName),
          assignment: assignments.get(member.memberId) ?? noBytes,
        })),
      },
    };
  }

  #commonProtocols(): ReadonlySet<string> {
    let common: Set<string> | undefined;
    for (const { protocols } of this.members.values()) {
      const names = new Set(protocols.map(({ name }) => name));
      common = common === undefined ? names : new Set([...common].filter((name) => names.has(name)));
    }
    return common ?? new Set();
  }

  #readSubscriptions(): ReadonlySet<string> | undefined {
    if (this.protocolType !== consumerProtocolType) return undefined;
    const topics = new Set<string>();
    for (const member of this.members.values()) {
      const subscription = readSubscription(metadataOf(member, this.protocolName));
      if (subscription === undefined) return undefined;
      for (const topic of subscription.topics) topics.add(topic);
    }
    return topics;
  }
}
