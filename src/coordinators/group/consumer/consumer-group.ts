import { KafkaError } from '#protocol';
import type { ConsumerGroupMemberMetadataValueInput } from '#protocol/stored/consumer-group-member-metadata-value.ts';
import type { Committer, Group } from '../group.ts';
import type { ConsumerGroupRecord, GroupRecord } from '../records.ts';
import type { TopicsImage } from '../turn.ts';
import { type Assignment, assignmentOf, eachPartition, noPartitions } from './assignment.ts';
import { type ConsumerMember, type MemberState, memberStateCodes } from './member.ts';

const states = Object.keys(memberStateCodes) as MemberState[];

/**
 * A consumer group (KIP-848): what each member wants, what each is to have in the end (the target), and what each has on the way there. All of it is in
 * the log; {@link apply} is the only way in which it changes.
 */
export class ConsumerGroup implements Group {
  readonly type = 'consumer';
  readonly protocolType = 'consumer';
  readonly groupId: string;
  groupEpoch = 0;
  /** Of the topics that the group reads: a change of it calls for another target. */
  metadataHash = 0n;
  /** The group epoch that the target was made for. */
  targetEpoch = 0;
  /** Wall time of the last target. */
  targetTimestamp = 0;
  readonly members = new Map<string, ConsumerMember>();
  readonly targets = new Map<string, Assignment>();
  /** The member ids of static members. */
  readonly instances = new Map<string, string>();
  /** The topics that a regular expression stands for. */
  readonly regexes = new Map<string, readonly string[]>();
  /** The topics at which it was last looked whether they are still those of {@link metadataHash}. */
  checkedTopics: TopicsImage | undefined;
  /** When, and at which topics, the regular expressions were last resolved. `at` is monotonic time. */
  resolved: { readonly topics: TopicsImage; readonly at: number } | undefined;
  /** Who has a partition, or has yet to give it up. */
  readonly #owners = new Map<string, Map<number, string>>();
  #emptySince: number;

  /** @param now wall time */
  constructor(groupId: string, now: number) {
    this.groupId = groupId;
    this.#emptySince = now;
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  get isIdle(): boolean {
    return true;
  }

  get emptySince(): number | undefined {
    return this.isEmpty ? this.#emptySince : undefined;
  }

  get stateName(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.isEmpty) return 'Empty';
    if (this.groupEpoch > this.targetEpoch) return 'Assigning';
    for (const { state, memberEpoch } of this.members.values())
      if (state !== 'stable' || memberEpoch !== this.targetEpoch) return 'Reconciling';
    return 'Stable';
  }

  ownerOf(topicId: string, partition: number): string | undefined {
    return this.#owners.get(topicId)?.get(partition);
  }

  /** Names of all topics that a member wants to read. */
  topicsOf(member: ConsumerMember): ReadonlySet<string> {
    return new Set([...member.subscribedTopicNames, ...(this.regexes.get(member.subscribedTopicRegex ?? '') ?? [])]);
  }

  mayRead(topic: string): boolean {
    for (const member of this.members.values()) if (this.topicsOf(member).has(topic)) return true;
    return false;
  }

  /** @throws KafkaError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID */
  member(memberId: string, instanceId: string | null): ConsumerMember {
    const known = instanceId === null ? memberId : this.instances.get(instanceId);
    if (known === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no static member ${instanceId}`);
    if (known !== memberId)
      throw new KafkaError('FENCED_INSTANCE_ID', `the static member ${instanceId} is there under another member id by now`);
    const member = this.members.get(memberId);
    if (member === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no member ${memberId}`);
    return member;
  }

  checkCommit({ memberId, generationIdOrMemberEpoch }: Committer, inTransaction: boolean): void {
    if (generationIdOrMemberEpoch < 0 && this.isEmpty) return;
    const member = this.member(memberId, null);
    // TxnOffsetCommit knows generations only: of any other error Java's producer takes it that nothing can mend it.
    if (inTransaction && generationIdOrMemberEpoch !== member.memberEpoch)
      throw new KafkaError(
        'ILLEGAL_GENERATION',
        `the member is in epoch ${member.memberEpoch}, the request in ${generationIdOrMemberEpoch}`,
      );
    this.#checkEpoch(member, generationIdOrMemberEpoch);
  }

  checkFetch(memberId: string | null, memberEpoch: number): void {
    if (memberId === null && memberEpoch < 0) return;
    this.#checkEpoch(this.member(memberId ?? '', null), memberEpoch);
  }

  tombstones(): GroupRecord[] {
    const { groupId } = this;
    const ofMembers = (kind: 'current-member' | 'target-member' | 'member') =>
      [...this.members.keys()].map((memberId): GroupRecord => ({ kind, key: { groupId, memberId }, value: null }));
    return [
      ...ofMembers('current-member'),
      ...ofMembers('target-member'),
      { kind: 'target', key: { groupId }, value: null },
      ...ofMembers('member'),
      ...[...this.regexes.keys()].map(
        (regularExpression): GroupRecord => ({ kind: 'regex', key: { groupId, regularExpression }, value: null }),
      ),
      { kind: 'consumer-group', key: { groupId }, value: null },
    ];
  }

  /** The same group, to be changed without this one being. */
  copy(): ConsumerGroup {
    const copy = new ConsumerGroup(this.groupId, this.#emptySince);
    copy.groupEpoch = this.groupEpoch;
    copy.metadataHash = this.metadataHash;
    copy.targetEpoch = this.targetEpoch;
    copy.targetTimestamp = this.targetTimestamp;
    for (const [memberId, member] of this.members) copy.members.set(memberId, member);
    for (const [memberId, target] of this.targets) copy.targets.set(memberId, target);
    for (const [instanceId, memberId] of this.instances) copy.instances.set(instanceId, memberId);
    for (const [regex, topics] of this.regexes) copy.regexes.set(regex, topics);
    for (const [topicId, owners] of this.#owners) copy.#owners.set(topicId, new Map(owners));
    return copy;
  }

  /** @param now wall time */
  apply(record: ConsumerGroupRecord, now: number): void {
    switch (record.kind) {
      case 'consumer-group':
        this.groupEpoch = record.value?.epoch ?? 0;
        this.metadataHash = record.value?.metadataHash ?? 0n;
        return;
      case 'member':
        if (record.value === null) this.#forget(record.key.memberId, now);
        else this.#set(withPromises(this.#known(record.key.memberId), record.value));
        return;
      case 'target':
        this.targetEpoch = record.value?.assignmentEpoch ?? 0;
        this.targetTimestamp = Number(record.value?.assignmentTimestamp ?? 0n);
        return;
      case 'target-member':
        if (record.value === null) this.targets.delete(record.key.memberId);
        else this.targets.set(record.key.memberId, assignmentOf(record.value.topicPartitions));
        return;
      case 'current-member': {
        const { memberId } = record.key;
        if (record.value === null) {
          const member = this.members.get(memberId);
          if (member !== undefined) this.#set({ ...newMember(memberId), ...keptWithoutAssignment(member) });
          return;
        }
        const { memberEpoch, previousMemberEpoch, state, assignedPartitions, partitionsPendingRevocation } = record.value;
        this.#set({
          ...this.#known(memberId),
          memberEpoch,
          previousMemberEpoch,
          state: states.find((name) => memberStateCodes[name] === state) ?? 'unreleased',
          assigned: assignmentOf(assignedPartitions),
          pendingRevocation: assignmentOf(partitionsPendingRevocation),
        });
        return;
      }
      case 'regex':
        if (record.value === null) this.regexes.delete(record.key.regularExpression);
        else this.regexes.set(record.key.regularExpression, record.value.topics);
    }
  }

  #known(memberId: string): ConsumerMember {
    return this.members.get(memberId) ?? newMember(memberId);
  }

  #set(member: ConsumerMember): void {
    const before = this.members.get(member.memberId);
    if (before !== undefined) this.#release(before);
    this.members.set(member.memberId, member);
    if (member.instanceId !== null) this.instances.set(member.instanceId, member.memberId);
    for (const partitions of [member.assigned, member.pendingRevocation]) {
      for (const [topicId, partition] of eachPartition(partitions)) {
        let owners = this.#owners.get(topicId);
        if (owners === undefined) this.#owners.set(topicId, (owners = new Map()));
        owners.set(partition, member.memberId);
      }
    }
  }

  #forget(memberId: string, now: number): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    this.#release(member);
    this.members.delete(memberId);
    if (member.instanceId !== null && this.instances.get(member.instanceId) === memberId) this.instances.delete(member.instanceId);
    if (this.isEmpty) this.#emptySince = now;
  }

  #release({ memberId, assigned, pendingRevocation }: ConsumerMember): void {
    for (const partitions of [assigned, pendingRevocation]) {
      for (const [topicId, partition] of eachPartition(partitions)) {
        const owners = this.#owners.get(topicId);
        if (owners?.get(partition) !== memberId) continue;
        owners.delete(partition);
        if (owners.size === 0) this.#owners.delete(topicId);
      }
    }
  }

  #checkEpoch({ memberEpoch, classic }: ConsumerMember, given: number): void {
    if (given === memberEpoch) return;
    if (classic !== undefined)
      throw new KafkaError('ILLEGAL_GENERATION', `the member is in generation ${memberEpoch}, the request in ${given}`);
    throw new KafkaError('STALE_MEMBER_EPOCH', `the member is in epoch ${memberEpoch}, the request in ${given}`);
  }
}

/** One that nothing is known of but its id. */
export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    state: 'stable',
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    rebalanceTimeoutMs: -1,
    subscribedTopicNames: [],
    subscribedTopicRegex: null,
    serverAssignor: null,
    assigned: noPartitions,
    pendingRevocation: noPartitions,
    classic: undefined,
  };
}

function keptWithoutAssignment(member: ConsumerMember): ConsumerMember {
  return { ...member, memberEpoch: -1, previousMemberEpoch: -1, state: 'stable', assigned: noPartitions, pendingRevocation: noPartitions };
}

function withPromises(member: ConsumerMember, value: ConsumerGroupMemberMetadataValueInput): ConsumerMember {
  const { instanceId, rackId, clientId, clientHost, subscribedTopicNames, subscribedTopicRegex, serverAssignor, classicMemberMetadata } =
    value;
  return {
    ...member,
    instanceId: instanceId ?? null,
    rackId: rackId ?? null,
    clientId,
    clientHost,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs ?? -1,
    subscribedTopicNames,
    subscribedTopicRegex: subscribedTopicRegex || null,
    serverAssignor: serverAssignor ?? null,
    classic:
      classicMemberMetadata == null
        ? undefined
        : { sessionTimeoutMs: classicMemberMetadata.sessionTimeoutMs, protocols: classicMemberMetadata.supportedProtocols },
  };
}
