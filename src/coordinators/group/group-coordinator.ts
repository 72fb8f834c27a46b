import { type ErrorName, KafkaError } from '#protocol';
import type { HeartbeatRequest, HeartbeatResponseInput } from '#protocol/apis/heartbeat.ts';
import type { JoinGroupRequest, JoinGroupResponseInput } from '#protocol/apis/join-group.ts';
import type { SyncGroupRequest, SyncGroupResponseInput } from '#protocol/apis/sync-group.ts';
import type { CoordinatorCore, Decision, InTransaction, RecordPlace, Scope, TransactionEnd } from '../runtime/index.ts';
import { ClassicGroup } from './classic/classic-group.ts';
import { type Caller, joinClassicGroup, joinOf } from './classic/join-group.ts';
import { type Leaver, leaveClassicGroup } from './classic/leave-group.ts';
import { prepareRebalance } from './classic/rebalance.ts';
import { extendSession } from './classic/sessions.ts';
import { checkGeneration, syncClassicGroup } from './classic/sync-group.ts';
import type { GroupConfig } from './config.ts';
import { type DescribedGroup, describeClassicGroup, type ListedGroup } from './describe.ts';
import type { Committer, Group } from './group.ts';
import { type CommittedTopic, commitOffsets, type TopicToCommit } from './offset-commit.ts';
import { type FetchedTopic, fetchAllOffsets, fetchOffsets, type TopicToFetch } from './offset-fetch.ts';
import { Offsets, offsetTombstone } from './offsets.ts';
import type { GroupRecord } from './records.ts';
import { expireOffsets } from './retention.ts';
import { Timers } from './timers.ts';
import { type GroupHost, Turn } from './turn.ts';

export interface GroupCoordinatorOptions {
  config(): GroupConfig;
  newId(): string;
}

export type GroupDecision<Response> = Decision<Response, GroupRecord>;

const retentionTimer = 'retention';

/** All groups whose coordinator is one partition's leader: who is in them, and how far they have read. */
export class GroupCoordinator implements CoordinatorCore<GroupRecord> {
  readonly #host: GroupHost;
  readonly #timers = new Timers();
  readonly #groups = new Map<string, Group>();
  readonly #offsets = new Offsets();
  /** Wall time of the last event, for groups that records bring to life. */
  #now = 0;

  constructor(options: GroupCoordinatorOptions) {
    this.#host = {
      timers: this.#timers,
      get config() {
        return options.config();
      },
      newId: () => options.newId(),
    };
  }

  get nextDeadline(): number | undefined {
    return this.#timers.next;
  }

  replay(record: GroupRecord, place: RecordPlace): void {
    switch (record.kind) {
      case 'offset':
        this.#offsets.replay(record, place);
        // Who commits offsets without joining is a group, too: one that is always empty.
        if (record.value !== null && !this.#groups.has(record.key.group)) this.#newClassicGroup(record.key.group);
        return;
      case 'classic-group':
        if (record.value === null) this.#groups.delete(record.key.group);
        else this.#classicGroupToRestore(record.key.group).restore(record.value, this.#now);
    }
  }

  replayTransactionEnd(end: TransactionEnd): void {
    for (const group of this.#offsets.replayTransactionEnd(end)) if (!this.#groups.has(group)) this.#newClassicGroup(group);
  }

  /** Members have a whole session from now on, as they could not be heard of. */
  loaded(scope: Scope): GroupDecision<void> {
    const turn = this.#turn(scope);
    for (const group of this.#groups.values()) {
      if (!(group instanceof ClassicGroup)) continue;
      for (const member of group.members.values()) extendSession(group, member, turn);
      if (group.members.size > turn.host.config.maxSize) prepareRebalance(group, turn);
    }
    this.#awaitRetentionCheck(turn);
    return turn.decision();
  }

  tick(scope: Scope): GroupDecision<void> {
    const turn = this.#turn(scope);
    for (let act = this.#timers.takeDue(scope.now.monotonic); act !== undefined; act = this.#timers.takeDue(scope.now.monotonic)) act(turn);
    return turn.decision({ divisible: true });
  }

  /** @throws KafkaError */
  joinGroup(request: JoinGroupRequest, caller: Caller, apiVersion: number, scope: Scope): GroupDecision<JoinGroupResponseInput> {
    const turn = this.#turn(scope);
    checkGroupId(request.groupId);
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = turn.host.config;
    if (request.sessionTimeoutMs < minSessionTimeoutMs || request.sessionTimeoutMs > maxSessionTimeoutMs) {
      throw new KafkaError(
        'INVALID_SESSION_TIMEOUT',
        `a session timeout of ${request.sessionTimeoutMs} ms lies outside ${minSessionTimeoutMs} to ${maxSessionTimeoutMs}`,
      );
    }
    const found = this.#groups.get(request.groupId);
    if (found === undefined && request.memberId !== '') throw new KafkaError('UNKNOWN_MEMBER_ID', `there is no group ${request.groupId}`);
    const group = found ?? new ClassicGroup(request.groupId, scope.now.wall);
    joinClassicGroup(asClassic(group), joinOf(request, caller, apiVersion), turn);
    this.#groups.set(request.groupId, group);
    return turn.decision();
  }

  /** @throws KafkaError */
  syncGroup(request: SyncGroupRequest, scope: Scope): GroupDecision<SyncGroupResponseInput> {
    const turn = this.#turn(scope);
    syncClassicGroup(this.#classicGroup(request.groupId), request, turn);
    return turn.decision();
  }

  /** @throws KafkaError */
  heartbeat(request: HeartbeatRequest, scope: Scope): GroupDecision<HeartbeatResponseInput> {
    const turn = this.#turn(scope);
    const group = this.#classicGroup(request.groupId);
    const member = group.member(request.memberId, request.groupInstanceId);
    checkGeneration(group, request.generationId);
    group.state.heartbeat(group, member, turn);
    return turn.decision({ response: { throttleTimeMs: 0, errorCode: 'NONE' } });
  }

  /** @throws KafkaError UNKNOWN_MEMBER_ID when there is no such group */
  leaveGroup(groupId: string, leavers: readonly Leaver[], scope: Scope): GroupDecision<ErrorName[]> {
    const turn = this.#turn(scope);
    const group = this.#classicGroup(groupId);
    return turn.decision({ response: leavers.map((leaver) => leaveClassicGroup(group, leaver, turn)) });
  }

  /**
   * @param retentionMs -1 leaves it to the broker
   * @param transaction when the offsets are to count only if it is committed
   * @throws KafkaError when the group does not accept it
   */
  commitOffsets(
    groupId: string,
    committer: Committer,
    topics: readonly TopicToCommit[],
    options: { readonly retentionMs?: bigint; readonly transaction?: InTransaction },
    scope: Scope,
  ): GroupDecision<CommittedTopic[]> {
    const turn = this.#turn(scope);
    const { retentionMs = -1n, transaction } = options;
    this.#checkCommit(groupId, committer, transaction !== undefined, turn);
    const response = commitOffsets(groupId, topics, retentionMs, turn);
    return turn.decision({ response, transaction });
  }

  /**
   * @param topics null for all that the group has committed
   * @throws KafkaError when the asker names a member that is not in the group
   */
  fetchOffsets(
    asked: {
      readonly groupId: string;
      readonly memberId: string | null;
      readonly memberEpoch: number;
      readonly topics: readonly TopicToFetch[] | null;
      readonly requireStable: boolean;
    },
    idOf: (topic: string) => string,
  ): GroupDecision<FetchedTopic[]> {
    const { groupId, topics, requireStable } = asked;
    this.#groups.get(groupId)?.checkFetch(asked.memberId, asked.memberEpoch);
    const response =
      topics === null
        ? fetchAllOffsets(this.#offsets, groupId, idOf, requireStable)
        : fetchOffsets(this.#offsets, groupId, topics, requireStable);
    return { records: [], response };
  }

  /** @returns the error of each partition. @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  deleteOffsets(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
    scope: Scope,
  ): GroupDecision<ErrorName[][]> {
    const turn = this.#turn(scope);
    const group = this.#existing(groupId);
    if (!group.isEmpty && group.protocolType !== 'consumer')
      throw new KafkaError('NON_EMPTY_GROUP', `the group ${groupId} has members, and what they use cannot be told`);
    const response = topics.map(({ name, partitions }) =>
      partitions.map((partition): ErrorName => {
        if (!group.isEmpty && group.mayRead(name)) return 'GROUP_SUBSCRIBED_TO_TOPIC';
        if (this.#offsets.get(groupId, name, partition) !== undefined) turn.records.push(offsetTombstone(groupId, name, partition));
        return 'NONE';
      }),
    );
    return turn.decision({ response, divisible: true });
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  deleteGroup(groupId: string, scope: Scope): GroupDecision<true> {
    const turn = this.#turn(scope);
    const group = this.#existing(groupId);
    if (!group.isEmpty) throw new KafkaError('NON_EMPTY_GROUP', `the group ${groupId} has members`);
    for (const [topic, partitions] of this.#offsets.of(groupId))
      for (const partition of partitions.keys()) turn.records.push(offsetTombstone(groupId, topic, partition));
    turn.records.push(...group.tombstones());
    return turn.decision({ response: true, divisible: true });
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND */
  describeGroup(groupId: string): GroupDecision<DescribedGroup> {
    const group = this.#existing(groupId);
    if (!(group instanceof ClassicGroup)) throw new KafkaError('GROUP_ID_NOT_FOUND', `${groupId} is not a classic group`);
    return { records: [], response: describeClassicGroup(group) };
  }

  listGroups(): GroupDecision<ListedGroup[]> {
    const response = [...this.#groups.values()].map(({ groupId, protocolType, stateName, type }) => ({
      groupId,
      protocolType: protocolType ?? '',
      state: stateName,
      type,
    }));
    return { records: [], response };
  }

  /** Topics were deleted: what was read of them is of no use to anybody. */
  topicsDeleted(names: ReadonlySet<string>, scope: Scope): GroupDecision<void> {
    const turn = this.#turn(scope);
    for (const groupId of this.#offsets.groups) {
      for (const [topic, partitions] of this.#offsets.of(groupId)) {
        if (!names.has(topic)) continue;
        for (const partition of partitions.keys()) turn.records.push(offsetTombstone(groupId, topic, partition));
      }
    }
    return turn.decision({ divisible: true });
  }

  #turn(scope: Scope): Turn {
    this.#now = scope.now.wall;
    return new Turn(this.#host, scope);
  }

  #checkCommit(groupId: string, committer: Committer, inTransaction: boolean, turn: Turn): void {
    const group = this.#groups.get(groupId);
    if (group !== undefined) group.checkCommit(committer, inTransaction, turn);
    else if (committer.generationIdOrMemberEpoch >= 0) throw new KafkaError('ILLEGAL_GENERATION', `there is no group ${groupId}`);
    else checkGroupId(groupId);
  }

  #awaitRetentionCheck(turn: Turn): void {
    const { retentionCheckMs } = turn.host.config;
    this.#timers.set(retentionTimer, turn.now.monotonic + retentionCheckMs, (later) => {
      const { offsetsRetentionMs } = later.host.config;
      for (const group of this.#groups.values())
        later.records.push(...expireOffsets(group, this.#offsets, offsetsRetentionMs, later.now.wall));
      this.#awaitRetentionCheck(later);
    });
  }

  #existing(groupId: string): Group {
    const group = this.#groups.get(groupId);
    if (group === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `there is no group ${groupId}`);
    return group;
  }

  #classicGroup(groupId: string): ClassicGroup {
    const group = this.#groups.get(groupId);
    if (group === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `there is no group ${groupId}`);
    return asClassic(group);
  }

  #classicGroupToRestore(groupId: string): ClassicGroup {
    const group = this.#groups.get(groupId);
    return group instanceof ClassicGroup ? group : this.#newClassicGroup(groupId);
  }

  #newClassicGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId, this.#now);
    this.#groups.set(groupId, group);
    return group;
  }
}

function checkGroupId(groupId: string): void {
  if (groupId === '') throw new KafkaError('INVALID_GROUP_ID', 'the id of a group has at least one character');
}

function asClassic(group: Group): ClassicGroup {
  if (!(group instanceof ClassicGroup)) throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `${group.groupId} is not a classic group`);
  return group;
}
