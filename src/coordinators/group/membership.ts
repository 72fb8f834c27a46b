import { asKafkaError, type ErrorName, KafkaError } from '#protocol';
import type { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponseInput } from '#protocol/apis/consumer-group-heartbeat.ts';
import type { HeartbeatRequest, HeartbeatResponseInput } from '#protocol/apis/heartbeat.ts';
import type { JoinGroupRequest, JoinGroupResponseInput } from '#protocol/apis/join-group.ts';
import type { SyncGroupRequest, SyncGroupResponseInput } from '#protocol/apis/sync-group.ts';
import type { Scope } from '../runtime/index.ts';
import { ClassicGroup } from './classic/classic-group.ts';
import { type Caller, joinClassicGroup, joinOf } from './classic/join-group.ts';
import { type Leaver, leaveClassicGroup } from './classic/leave-group.ts';
import { dissolve, prepareRebalance } from './classic/rebalance.ts';
import { extendSession } from './classic/sessions.ts';
import { checkGeneration, syncClassicGroup } from './classic/sync-group.ts';
import { heartbeatAsClassic, joinAsClassic, syncAsClassic } from './consumer/classic-side.ts';
import { ConsumerGroup } from './consumer/consumer-group.ts';
import { Draft } from './consumer/draft.ts';
import { checkHeartbeat, heartbeat, isLeaving, leave, remove } from './consumer/heartbeat.ts';
import { downgrade, mayDowngrade, upgrade } from './consumer/migration.ts';
import { extendSession as extendConsumerSession, type Fence, watchRebalance } from './consumer/sessions.ts';
import { checkGroupId, type KnownGroups } from './known-groups.ts';
import type { GroupDecision, Turn } from './turn.ts';

/** What members ask: to join, to go on, to leave. Each request goes to the group it is for, of whichever protocol that is by now. */
export class Membership {
  readonly #groups: KnownGroups;

  constructor(groups: KnownGroups) {
    this.#groups = groups;
  }

  /** @throws KafkaError */
  join(request: JoinGroupRequest, caller: Caller, apiVersion: number, scope: Scope): GroupDecision<JoinGroupResponseInput> {
    const turn = this.#groups.turn(scope);
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
    this.#groups.put(group);
    if (found instanceof ConsumerGroup) {
      turn.records.push(...found.tombstones());
      // What was begun with the classic group must not go on by itself.
      turn.onFailure((_error, later) => {
        dissolve(group, later);
        this.#groups.put(found);
      });
    }
    return turn.decision();
  }

  /** @throws KafkaError */
  sync(request: SyncGroupRequest, scope: Scope): GroupDecision<SyncGroupResponseInput> {
    const turn = this.#groups.turn(scope);
    const group = this.#groups.withMembers(request.groupId);
    if (group instanceof ConsumerGroup) return turn.decision({ response: syncAsClassic(new Draft(group, turn), request, this.#fence) });
    syncClassicGroup(group, request, turn);
    return turn.decision();
  }

  /** @throws KafkaError */
  heartbeat(request: HeartbeatRequest, scope: Scope): GroupDecision<HeartbeatResponseInput> {
    const turn = this.#groups.turn(scope);
    const group = this.#groups.withMembers(request.groupId);
    if (group instanceof ConsumerGroup) heartbeatAsClassic(group, request, turn, this.#fence);
    else {
      const member = group.member(request.memberId, request.groupInstanceId);
      checkGeneration(group, request.generationId);
      group.state.heartbeat(group, member, turn);
    }
    return turn.decision({ response: { throttleTimeMs: 0, errorCode: 'NONE' } });
  }

  /** @throws KafkaError UNKNOWN_MEMBER_ID when there is no such group */
  leave(groupId: string, leavers: readonly Leaver[], scope: Scope): GroupDecision<ErrorName[]> {
    const turn = this.#groups.turn(scope);
    const group = this.#groups.withMembers(groupId);
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
    const turn = this.#groups.turn(scope);
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

  /** Members have a whole session from now on, as they could not be heard of. */
  loaded(turn: Turn): void {
    for (const group of this.#groups.all()) {
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
