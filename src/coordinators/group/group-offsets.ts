import { type ErrorName, KafkaError } from '#protocol';
import type { InTransaction, Scope } from '../runtime/index.ts';
import type { Committer } from './group.ts';
import { checkGroupId, type KnownGroups } from './known-groups.ts';
import { type CommittedTopic, commitOffsets, type TopicToCommit } from './offset-commit.ts';
import { type FetchedTopic, fetchAllOffsets, fetchOffsets, type TopicToFetch } from './offset-fetch.ts';
import { offsetTombstone } from './offsets.ts';
import { expireOffsets } from './retention.ts';
import type { GroupDecision, Turn } from './turn.ts';

const retentionTimer = 'retention';

/** How far groups have read: they commit it, ask for it, and it is forgotten. */
export class GroupOffsets {
  readonly #groups: KnownGroups;

  constructor(groups: KnownGroups) {
    this.#groups = groups;
  }

  /**
   * @param retentionMs -1 leaves it to the broker
   * @param transaction when the offsets are to count only if it is committed
   * @throws KafkaError when the group does not accept it
   */
  commit(
    groupId: string,
    committer: Committer,
    topics: readonly TopicToCommit[],
    options: { readonly retentionMs?: bigint; readonly transaction?: InTransaction },
    scope: Scope,
  ): GroupDecision<CommittedTopic[]> {
    const turn = this.#groups.turn(scope);
    const { retentionMs = -1n, transaction } = options;
    this.#checkCommit(groupId, committer, transaction !== undefined, turn);
    const response = commitOffsets(groupId, topics, retentionMs, turn);
    return turn.decision({ response, transaction });
  }

  /**
   * @param topics null for all that the group has committed
   * @throws KafkaError when the asker names a member that is not in the group
   */
  fetch(
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
        ? fetchAllOffsets(this.#groups.offsets, groupId, idOf, requireStable)
        : fetchOffsets(this.#groups.offsets, groupId, topics, requireStable);
    return { records: [], response };
  }

  /** @returns the error of each partition. @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  delete(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
    scope: Scope,
  ): GroupDecision<ErrorName[][]> {
    const turn = this.#groups.turn(scope);
    const group = this.#groups.existing(groupId);
    if (!group.isEmpty && group.protocolType !== 'consumer')
      throw new KafkaError('NON_EMPTY_GROUP', `the group ${groupId} has members, and what they use cannot be told`);
    const response = topics.map(({ name, partitions }) =>
      partitions.map((partition): ErrorName => {
        if (!group.isEmpty && group.mayRead(name)) return 'GROUP_SUBSCRIBED_TO_TOPIC';
        if (this.#groups.offsets.get(groupId, name, partition) !== undefined) turn.records.push(offsetTombstone(groupId, name, partition));
        return 'NONE';
      }),
    );
    return turn.decision({ response, divisible: true });
  }

  /** Topics were deleted: what was read of them is of no use to anybody. */
  topicsDeleted(names: ReadonlySet<string>, scope: Scope): GroupDecision<void> {
    const turn = this.#groups.turn(scope);
    for (const groupId of this.#groups.offsets.groups) {
      for (const [topic, partitions] of this.#groups.offsets.of(groupId)) {
        if (!names.has(topic)) continue;
        for (const partition of partitions.keys()) turn.records.push(offsetTombstone(groupId, topic, partition));
      }
    }
    return turn.decision({ divisible: true });
  }

  /** Looks for what has expired, now and then from now on. */
  awaitRetentionCheck(turn: Turn): void {
    const { retentionCheckMs } = turn.host.config;
    turn.host.timers.set(retentionTimer, turn.now.monotonic + retentionCheckMs, (later) => {
      this.#expire(later);
      this.awaitRetentionCheck(later);
    });
  }

  /** Lets go what has expired, without waiting for the next check. */
  expire(scope: Scope): GroupDecision<void> {
    const turn = this.#groups.turn(scope);
    this.#expire(turn);
    return turn.decision({ divisible: true });
  }

  #expire(turn: Turn): void {
    const { offsetsRetentionMs } = turn.host.config;
    for (const group of this.#groups.all())
      turn.records.push(...expireOffsets(group, this.#groups.offsets, offsetsRetentionMs, turn.now.wall));
  }

  #checkCommit(groupId: string, committer: Committer, inTransaction: boolean, turn: Turn): void {
    const group = this.#groups.get(groupId);
    if (group !== undefined) group.checkCommit(committer, inTransaction, turn);
    else if (committer.generationIdOrMemberEpoch >= 0) throw new KafkaError('ILLEGAL_GENERATION', `there is no group ${groupId}`);
    else checkGroupId(groupId);
  }
}
