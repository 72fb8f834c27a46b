import { KafkaError } from '#protocol';
import type { CoordinatorCore, RecordPlace, Scope, TransactionEnd } from '../runtime/index.ts';
import { ClassicGroup } from './classic/classic-group.ts';
import type { ConsumerGroupConfig, GroupConfig } from './config.ts';
import { ConsumerGroup } from './consumer/consumer-group.ts';
import { type DescribedConsumerGroup, describeConsumerGroup } from './consumer/describe.ts';
import { type DescribedGroup, describeClassicGroup, type ListedGroup } from './describe.ts';
import { GroupOffsets } from './group-offsets.ts';
import { KnownGroups } from './known-groups.ts';
import { Membership } from './membership.ts';
import { type OffsetsOfGroup, offsetTombstone } from './offsets.ts';
import type { GroupRecord } from './records.ts';
import { Timers } from './timers.ts';
import type { CompileRegex, GroupDecision, TopicsImage } from './turn.ts';

export interface GroupCoordinatorOptions {
  config(): GroupConfig;
  configOf(groupId: string): ConsumerGroupConfig;
  topics(): TopicsImage;
  /** The offset of the metadata that they are of. */
  metadataVersion(): bigint;
  readonly compileRegex: CompileRegex;
  newId(): string;
}

/** A group as those see it who look on. */
export interface WatchedGroup {
  readonly groupId: string;
  readonly state: string;
  readonly members: number;
  /** By topic and partition. */
  readonly offsets: OffsetsOfGroup;
}

/** All groups whose coordinator is one partition's leader: who is in them, and how far they have read. */
export class GroupCoordinator implements CoordinatorCore<GroupRecord> {
  /** What members ask. */
  readonly members: Membership;
  /** What is committed. */
  readonly offsets: GroupOffsets;
  readonly #timers = new Timers();
  readonly #groups: KnownGroups;

  constructor(options: GroupCoordinatorOptions) {
    this.#groups = new KnownGroups({
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
    });
    this.members = new Membership(this.#groups);
    this.offsets = new GroupOffsets(this.#groups);
  }

  get nextDeadline(): number | undefined {
    return this.#timers.next;
  }

  replay(record: GroupRecord, place: RecordPlace): void {
    this.#groups.replay(record, place);
  }

  replayTransactionEnd(end: TransactionEnd): void {
    this.#groups.replayTransactionEnd(end);
  }

  loaded(scope: Scope): GroupDecision<void> {
    const turn = this.#groups.turn(scope);
    this.members.loaded(turn);
    this.offsets.awaitRetentionCheck(turn);
    return turn.decision();
  }

  /** One deadline at a time: the next one has to see what came of it. */
  tick(scope: Scope): GroupDecision<void> {
    const turn = this.#groups.turn(scope);
    this.#timers.actOnDue(turn);
    return turn.decision({ divisible: true });
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  deleteGroup(groupId: string, scope: Scope): GroupDecision<true> {
    const turn = this.#groups.turn(scope);
    const group = this.#groups.existing(groupId);
    if (!group.isEmpty) throw new KafkaError('NON_EMPTY_GROUP', `the group ${groupId} has members`);
    for (const [topic, partitions] of this.#groups.offsets.of(groupId))
      for (const partition of partitions.keys()) turn.records.push(offsetTombstone(groupId, topic, partition));
    turn.records.push(...group.tombstones());
    return turn.decision({ response: true, divisible: true });
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND when it is not a classic group */
  describeGroup(groupId: string): GroupDecision<DescribedGroup> {
    const group = this.#groups.existing(groupId);
    if (!(group instanceof ClassicGroup)) throw new KafkaError('GROUP_ID_NOT_FOUND', `${groupId} is not a classic group`);
    return { records: [], response: describeClassicGroup(group) };
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND when it is not one of the new protocol */
  describeConsumerGroup(groupId: string): GroupDecision<DescribedConsumerGroup> {
    const group = this.#groups.existing(groupId);
    if (!(group instanceof ConsumerGroup)) throw new KafkaError('GROUP_ID_NOT_FOUND', `${groupId} is not a consumer group`);
    return { records: [], response: describeConsumerGroup(group, this.#groups.host.topics) };
  }

  /** All groups and what they have committed, as they are now. */
  watch(): WatchedGroup[] {
    return [...this.#groups.all()].map(({ groupId, stateName, members }) => ({
      groupId,
      state: stateName,
      members: members.size,
      offsets: this.#groups.offsets.of(groupId),
    }));
  }

  listGroups(): GroupDecision<ListedGroup[]> {
    const response = [...this.#groups.all()].map(({ groupId, protocolType, stateName, type }) => ({
      groupId,
      protocolType: protocolType ?? '',
      state: stateName,
      type,
    }));
    return { records: [], response };
  }
}
