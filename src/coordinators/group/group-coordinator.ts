import { asKafkaError, type ErrorName, KafkaError } from '#protocol';
import type { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponseInput } from '#protocol/apis/consumer-group-heartbeat.ts';
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
import type { ConsumerGroupConfig, GroupConfig } from './config.ts';
import { heartbeatAsClassic, joinAsClassic, syncAsClassic } from './consumer/classic-side.ts';
import { ConsumerGroup } from './consumer/consumer-group.ts';
import { type DescribedConsumerGroup, describeConsumerGroup } from './consumer/describe.ts';
import { Draft } from './consumer/draft.ts';
import { checkHeartbeat, heartbeat, isLeaving, leave, remove } from './consumer/heartbeat.ts';
import { downgrade, mayDowngrade, upgrade } from './consumer/migration.ts';
import { extendSession as extendConsumerSession, type Fence, watchRebalance } from './consumer/sessions.ts';
import { type DescribedGroup, describeClassicGroup, type ListedGroup } from './describe.ts';
import type { Committer, Group } from './group.ts';
import { type CommittedTopic, commitOffsets, type TopicToCommit } from './offset-commit.ts';
import { type FetchedTopic, fetchAllOffsets, fetchOffsets, type TopicToFetch } from './offset-fetch.ts';
import { Offsets, offsetTombstone } from './offsets.ts';
import type { ConsumerGroupRecord, GroupRecord } from './records.ts';
import { expireOffsets } from './retention.ts';
import { Timers } from './timers.ts';
import { type CompileRegex, type GroupHost, type TopicsImage, Turn } from './turn.ts';

export interface GroupCoordinatorOptions {
  config(): GroupConfig;
  configOf(groupId: string): ConsumerGroupConfig;
  topics(): TopicsImage;
  /** The offset of the metadata that they are of. */
  metadataVersion(): bigint;
  readonly compileRegex: CompileRegex;
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
      get topics() {
        return options.topics();
      },
      get metadataVersion() {
        return options.metadataVersion();
      },
      compileRegex: options.compileRegex,
      configOf: (groupId) => options.configOf(groupId),
      groupOf: (groupId) => this.#groups.get(groupId),
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
        if (record.value !== null) this.#classicGroupToRestore(record.key.group).restore(record.value, this.#now);
        else if (this.#groups.get(record.key.group) instanceof ClassicGroup) this.#groups.delete(record.key.group);
        return;
      default:
        this.#applyToConsumerGroup(record);
    }
  }

  replayTransactionEnd(end: TransactionEnd): void {
    for (const group of this.#offsets.replayTransactionEnd(end)) if (!this.#groups.has(group)) this.#newClassicGroup(group);
  }

  /** Members have a whole session from now on, as they could not be heard of. */
  loaded(scope: Scope): GroupDecision<void> {
    const turn = this.#turn(scope);
    for (const group of this.#groups.values()) {
      if (group instanceof ConsumerGroup) {
        for (const member of group.members.values()) {
          extendConsumerSession(group.groupId, member, turn, this.#fence);
          watchRebalance(group.groupId, member, member.state === 'unrevoked', turn, this.#fence);
        }
      }
      if (!(group instanceof ClassicGroup)) continue;
      for (const member of group.members.values()) extendSession(group, member, turn);
      if (group.members.size > turn.host.config.maxSize) prepareRebalance(group, turn);
    }
    this.#awaitRetentionCheck(turn);
    return turn.decision();
  }

  /** One deadline at a time: the next one has to see what came of it. */
  tick(scope: Scope): GroupDecision<void> {
    const turn = this.#turn(scope);
    this.#timers.takeDue(scope.now.monotonic)?.(turn);
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
    const join = joinOf(request, caller, apiVersion);
    if (found instanceof ConsumerGroup && !found.isEmpty) {
      joinAsClassic(new Draft(found, turn), join, this.#fence);
      return turn.decision();
    }
    const group = found instanceof ClassicGroup ? found : new ClassicGroup(request.groupId, scope.now.wall);
    joinClassicGroup(group, join, turn);
    this.#groups.set(request.groupId, group);
    if (found instanceof ConsumerGroup) {
      turn.records.push(...found.tombstones());
      turn.onFailure(() => this.#groups.set(request.groupId, found));
    }
    return turn.decision();
  }

  /** @throws KafkaError */
  syncGroup(request: SyncGroupRequest, scope: Scope): GroupDecision<SyncGroupResponseInput> {
    const turn = this.#turn(scope);
    const group = this.#withMembers(request.groupId);
    if (group instanceof ConsumerGroup) return turn.decision({ response: syncAsClassic(new Draft(group, turn), request, this.#fence) });
    syncClassicGroup(group, request, turn);
    return turn.decision();
  }

  /** @throws KafkaError */
  heartbeat(request: HeartbeatRequest, scope: Scope): GroupDecision<HeartbeatResponseInput> {
    const turn = this.#turn(scope);
    const group = this.#withMembers(request.groupId);
    if (group instanceof ConsumerGroup) heartbeatAsClassic(group, request, turn, this.#fence);
    else {
      const member = group.member(request.memberId, request.groupInstanceId);
      checkGeneration(group, request.generationId);
      group.state.heartbeat(group, member, turn);
    }
    return turn.decision({ response: { throttleTimeMs: 0, errorCode: 'NONE' } });
  }

  /** @throws KafkaError UNKNOWN_MEMBER_ID when there is no such group */
  leaveGroup(groupId: string, leavers: readonly Leaver[], scope: Scope): GroupDecision<ErrorName[]> {
    const turn = this.#turn(scope);
    const group = this.#withMembers(groupId);
    if (!(group instanceof ConsumerGroup))
      return turn.decision({ response: leavers.map((leaver) => leaveClassicGroup(group, leaver, turn)) });
    const draft = new Draft(group, turn);
    const response = leavers.map((leaver) => leaveConsumerGroup(draft, leaver));
    this.#downgradeIfClassic(draft);
    return turn.decision({ response });
  }

  /** @throws KafkaError */
  consumerGroupHeartbeat(
    request: ConsumerGroupHeartbeatRequest,
    caller: Caller,
    apiVersion: number,
    scope: Scope,
  ): GroupDecision<ConsumerGroupHeartbeatResponseInput> {
    const turn = this.#turn(scope);
    checkHeartbeat(request, apiVersion);
    const { groupId, memberEpoch } = request;
    const found = this.#groups.get(groupId);
    if (memberEpoch !== 0) {
      if (!(found instanceof ConsumerGroup)) throw new KafkaError('GROUP_ID_NOT_FOUND', `there is no consumer group ${groupId}`);
      const draft = new Draft(found, turn);
      if (!isLeaving(memberEpoch)) return turn.decision({ response: heartbeat(draft, request, caller, this.#fence) });
      const response = leave(draft, request);
      this.#downgradeIfClassic(draft);
      return turn.decision({ response });
    }
    const group =
      found instanceof ConsumerGroup
        ? found
        : found instanceof ClassicGroup
          ? upgrade(found, turn, this.#fence)
          : new ConsumerGroup(groupId, scope.now.wall);
    return turn.decision({ response: heartbeat(new Draft(group, turn), request, caller, this.#fence) });
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND */
  describeConsumerGroup(groupId: string): GroupDecision<DescribedConsumerGroup> {
    const group = this.#existing(groupId);
    if (!(group instanceof ConsumerGroup)) throw new KafkaError('GROUP_ID_NOT_FOUND', `${groupId} is not a consumer group`);
    return { records: [], response: describeConsumerGroup(group, this.#host.topics) };
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

  #withMembers(groupId: string): ClassicGroup | ConsumerGroup {
    const group = this.#groups.get(groupId);
    if (group instanceof ClassicGroup || group instanceof ConsumerGroup) return group;
    throw new KafkaError('UNKNOWN_MEMBER_ID', `there is no group ${groupId}`);
  }

  /** A member of a consumer group was silent, or kept others waiting, for too long. */
  readonly #fence: Fence = (groupId, memberId, turn) => {
    const group = this.#groups.get(groupId);
    if (!(group instanceof ConsumerGroup)) return;
    const member = group.members.get(memberId);
    if (member === undefined) return;
    const draft = new Draft(group, turn);
    remove(draft, member);
    this.#downgradeIfClassic(draft);
  };

  #downgradeIfClassic(draft: Draft): void {
    if (mayDowngrade(draft.group, draft.turn)) downgrade(draft, new ClassicGroup(draft.groupId, draft.turn.now.wall));
  }

  #applyToConsumerGroup(record: ConsumerGroupRecord): void {
    const { groupId } = record.key;
    let group = this.#groups.get(groupId);
    if (!(group instanceof ConsumerGroup)) {
      if (record.value === null) return;
      this.#groups.set(groupId, (group = new ConsumerGroup(groupId, this.#now)));
    }
    (group as ConsumerGroup).apply(record, this.#now);
    if (record.kind === 'consumer-group' && record.value === null) this.#groups.delete(groupId);
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

/** A member that speaks the classic protocol leaves, or a static one is removed by name. @returns the error, or NONE */
function leaveConsumerGroup(draft: Draft, { memberId, groupInstanceId }: Leaver): ErrorName {
  const { group } = draft;
  try {
    const id = memberId === '' && groupInstanceId !== null ? (group.instances.get(groupInstanceId) ?? '') : memberId;
    const member = group.member(id, groupInstanceId);
    if (groupInstanceId === null && member.classic === undefined) return 'UNKNOWN_MEMBER_ID';
    remove(draft, member);
    return 'NONE';
  } catch (error) {
    return asKafkaError(error).errorName;
  }
}
