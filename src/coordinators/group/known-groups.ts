import { KafkaError } from '#protocol';
import type { RecordPlace, Scope, TransactionEnd } from '../runtime/index.ts';
import { ClassicGroup } from './classic/classic-group.ts';
import { ConsumerGroup } from './consumer/consumer-group.ts';
import type { Group } from './group.ts';
import { Offsets } from './offsets.ts';
import type { ConsumerGroupRecord, GroupRecord } from './records.ts';
import { type GroupHost, Turn } from './turn.ts';

/** All groups of one partition and what they have committed, as records made them. */
export class KnownGroups {
  readonly host: GroupHost;
  readonly offsets = new Offsets();
  readonly #groups = new Map<string, Group>();
  /** Wall time of the last event, for groups that records bring to life. */
  #now = 0;

  constructor(host: GroupHost) {
    this.host = host;
  }

  /** A decision begins. */
  turn(scope: Scope): Turn {
    this.#now = scope.now.wall;
    return new Turn(this.host, scope);
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId);
  }

  all(): Iterable<Group> {
    return this.#groups.values();
  }

  /** @throws KafkaError GROUP_ID_NOT_FOUND */
  existing(groupId: string): Group {
    const group = this.#groups.get(groupId);
    if (group === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `there is no group ${groupId}`);
    return group;
  }

  /** @throws KafkaError UNKNOWN_MEMBER_ID as nobody can be a member of a group that is not there */
  withMembers(groupId: string): ClassicGroup | ConsumerGroup {
    const group = this.#groups.get(groupId);
    if (group instanceof ClassicGroup || group instanceof ConsumerGroup) return group;
    throw new KafkaError('UNKNOWN_MEMBER_ID', `there is no group ${groupId}`);
  }

  /** A group that no record tells of yet, or another in place of one whose end is being written. */
  put(group: Group): void {
    this.#groups.set(group.groupId, group);
  }

  replay(record: GroupRecord, place: RecordPlace): void {
    switch (record.kind) {
      case 'offset':
        this.offsets.replay(record, place);
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
    for (const group of this.offsets.replayTransactionEnd(end)) if (!this.#groups.has(group)) this.#newClassicGroup(group);
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

/** @throws KafkaError INVALID_GROUP_ID */
export function checkGroupId(groupId: string): void {
  if (groupId === '') throw new KafkaError('INVALID_GROUP_ID', 'the id of a group has at least one character');
}
