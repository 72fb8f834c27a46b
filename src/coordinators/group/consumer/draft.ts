import type { ConsumerGroupRecord } from '../records.ts';
import type { Turn } from '../turn.ts';
import { noPartitions, sameAssignment } from './assignment.ts';
import type { Assignor } from './assignors/assignor.ts';
import { assignors, defaultAssignor } from './assignors/index.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { targetRecord } from './member-records.ts';
import { refreshRegexes } from './regexes.ts';

/** A consumer group as it will be when the records of this turn are in the log: each is applied to a copy as it is written. */
export class Draft {
  readonly turn: Turn;
  readonly #original: ConsumerGroup;
  #group: ConsumerGroup;
  #isCopy = false;

  constructor(group: ConsumerGroup, turn: Turn) {
    this.#original = group;
    this.#group = group;
    this.turn = turn;
  }

  get group(): ConsumerGroup {
    return this.#group;
  }

  get groupId(): string {
    return this.#group.groupId;
  }

  write(...records: readonly ConsumerGroupRecord[]): void {
    if (!this.#isCopy && records.length > 0) {
      this.#group = this.#group.copy();
      this.#isCopy = true;
    }
    for (const record of records) {
      this.turn.records.push(record);
      this.#group.apply(record, this.turn.now.wall);
    }
  }

  noteResolved(): void {
    const { topics } = this.turn.host;
    this.#original.resolved = { topics, at: this.turn.now.monotonic };
  }

  /** Members, what they want, or the topics they read have changed: another target is due. */
  bumpEpoch(): void {
    const { groupId } = this;
    this.write({
      kind: 'consumer-group',
      key: { groupId },
      value: { epoch: this.#group.groupEpoch + 1, metadataHash: hashOfTopics(this.#group, this.turn) },
    });
  }

  /** The same, if the topics that it reads are others than before. */
  bumpEpochIfTopicsChanged(): void {
    refreshRegexes(this);
    const { topics } = this.turn.host;
    if (this.#group.isEmpty || this.#group.checkedTopics === topics) return;
    if (hashOfTopics(this.#group, this.turn) !== this.#group.metadataHash) this.bumpEpoch();
    else this.#original.checkedTopics = topics;
  }

  /** Makes the target of this epoch, unless that is done. */
  updateTarget(): void {
    const group = this.#group;
    const { groupId } = this;
    if (group.groupEpoch <= group.targetEpoch) return;
    const { topics } = this.turn.host;
    const members = [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicIds: new Set([...group.topicsOf(member)].flatMap((name) => topics.byName(name)?.id ?? [])),
      current: group.targets.get(member.memberId) ?? noPartitions,
    }));
    const assigned = assignorOf(group).assign(members, (topicId) => topics.byId(topicId)?.partitions.length ?? 0);
    for (const { memberId, current } of members) {
      const target = assigned.get(memberId) ?? noPartitions;
      if (!group.targets.has(memberId) || !sameAssignment(target, current)) this.write(targetRecord(groupId, memberId, target));
    }
    const assignmentTimestamp = BigInt(this.turn.now.wall);
    this.write({ kind: 'target', key: { groupId }, value: { assignmentEpoch: this.#group.groupEpoch, assignmentTimestamp } });
  }
}

/** The one that most members ask for. */
export function assignorOf(group: ConsumerGroup): Assignor {
  const votes = new Map<string, number>();
  for (const { serverAssignor } of group.members.values())
    if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1);
  let most: [string, number] | undefined;
  for (const vote of votes) if (most === undefined || vote[1] > most[1]) most = vote;
  return assignors.find(({ name }) => name === most?.[0]) ?? defaultAssignor;
}

/** Of all topics that the group reads: names, ids, numbers of partitions. Zero when there is none of them (FNV-1a, 64 bits). */
function hashOfTopics(group: ConsumerGroup, turn: Turn): bigint {
  const names = new Set([...group.members.values()].flatMap((member) => [...group.topicsOf(member)]));
  const known = [...names].sort().flatMap((name) => turn.host.topics.byName(name) ?? []);
  if (known.length === 0) return 0n;
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(known.map(({ name, id, partitions }) => `${name} ${id} ${partitions.length}`).join()))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return BigInt.asIntN(64, hash);
}
