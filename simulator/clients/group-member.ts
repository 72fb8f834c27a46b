import type { ErrorName } from '#protocol';
import { offsetCommit } from '#protocol/apis/offset-commit.ts';
import type { GroupHistory, MemberLife } from '../checkers/group-history.ts';
import type { OffsetHistory } from '../checkers/offset-history.ts';
import { placeOf } from '../checkers/transaction-history.ts';
import { type FetchedBatch, fetchBatches, type Isolation } from './batch-fetching.ts';
import { CoordinatorLink, groupKey } from './coordinator-link.ts';
import { readOffsets } from './offset-reading.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { Membership } from './transactional-producer.ts';

export interface GroupTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
}

export interface MemberOptions {
  readonly client: SimulatedClient;
  readonly history: GroupHistory;
  readonly offsets: OffsetHistory;
  readonly group: string;
  readonly instanceId: string | null;
  /** The group has members with the classic protocol and such with the new one. */
  readonly isMixed: boolean;
  readonly topics: readonly GroupTopic[];
  /** Distinguishes this life from the others of the client. */
  readonly name: string;
  readonly isolation?: Isolation;
}

export interface Owned {
  readonly topic: GroupTopic;
  readonly partition: number;
  readonly place: string;
}

export const sessionMs = 1500;
/** Not shorter than a session, so that a member that was heard of lately is never out for a rebalance that it missed. */
export const rebalanceMs = 3000;

/** It is certain after these that a commit was not taken. */
const refusals = new Set<ErrorName>([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'STALE_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'GROUP_ID_NOT_FOUND',
]);
const outOfTheGroup = new Set<ErrorName>(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'STALE_MEMBER_EPOCH', 'GROUP_ID_NOT_FOUND']);

/** What members of all protocols have in common: they read what is their own, and commit how far they have come. */
export abstract class GroupMember {
  readonly client: SimulatedClient;
  readonly life: MemberLife;
  protected readonly history: GroupHistory;
  protected readonly group: string;
  protected readonly topics: readonly GroupTopic[];
  protected readonly link: CoordinatorLink;
  readonly #offsets: OffsetHistory;
  readonly #isolation: Isolation;
  readonly #byPlace = new Map<string, Owned>();
  readonly #positions = new Map<string, bigint>();
  readonly #committed = new Map<string, bigint>();
  /** Another has taken its place, or it has left. */
  isOver = false;

  constructor(options: MemberOptions) {
    this.client = options.client;
    this.history = options.history;
    this.group = options.group;
    this.topics = options.topics;
    this.link = new CoordinatorLink(options.client, groupKey, options.group);
    this.#offsets = options.offsets;
    this.#isolation = options.isolation ?? 'read_uncommitted';
    const { group, name, instanceId, isMixed } = options;
    this.life = options.history.begin({ group, name, instanceId, isMixed, sessionMs });
    for (const topic of options.topics)
      for (let partition = 0; partition < topic.partitions; partition++) {
        const place = placeOf(topic.topicId, partition);
        this.#byPlace.set(place, { topic, partition, place });
      }
  }

  /** Does what the protocol asks for now: joins, or says that it is alive. */
  abstract step(): Promise<void>;
  /** Leaves in good order. */
  abstract leave(): Promise<void>;
  /** Who it is, for its commits; undefined while it is nobody. */
  abstract get membership(): Membership | undefined;
  /** It is in the group, and knows of nothing that has to change. */
  abstract get isSettled(): boolean;

  get owned(): Owned[] {
    return [...this.life.owned.keys()].map((place) => this.#byPlace.get(place)!);
  }

  /** Where it would read on in a partition of its own; undefined while that is not known. */
  async position(owned: Owned): Promise<bigint | undefined> {
    const known = this.#positions.get(owned.place);
    if (known !== undefined) return known;
    const { topic, partition, place } = owned;
    const { memberId, generationIdOrMemberEpoch: memberEpoch } = this.asReader;
    const wanted = { group: this.group, topic: topic.name, topicId: topic.topicId, partitions: [partition], memberId, memberEpoch };
    const found = await readOffsets(this.link, this.#offsets, wanted);
    if (!(found instanceof Map)) return undefined;
    const offset: bigint = found.get(partition)!;
    if (this.life.owned.has(place)) this.#positions.set(place, offset < 0n ? 0n : offset);
    return this.#positions.get(place);
  }

  /** It begins again where its group has committed. */
  seekToCommitted(): void {
    this.#positions.clear();
  }

  /** Reads some records of a partition of its own. */
  async poll(owned: Owned): Promise<readonly FetchedBatch[]> {
    const { topic, partition, place } = owned;
    const position = await this.position(owned);
    const leader = (await this.client.find(topic.name))?.partitions[partition]?.leader;
    if (position === undefined || leader === undefined) return [];
    const at = { topicId: topic.topicId, partition, fetchOffset: position };
    const read = await fetchBatches(this.client, leader, this.#isolation, { ...at, maxWaitMs: 0 });
    // What came too late is thrown away.
    if (read?.errorCode !== 'NONE' || !this.life.owned.has(place) || this.#positions.get(place) !== position) return [];
    const offsets = read.batches.flatMap(({ records }) => records.map(({ offset }) => offset));
    this.history.polled(this.group, place, offsets);
    this.#positions.set(place, read.nextOffset);
    return read.batches;
  }

  /** Commits how far it has come in all that is its own. One try. */
  async commit(): Promise<void> {
    const { membership } = this;
    if (membership === undefined) return;
    const news = this.owned.flatMap((owned) => {
      const offset = this.#positions.get(owned.place);
      if (offset === undefined || this.#committed.get(owned.place) === offset) return [];
      const since = this.life.owned.get(owned.place)!;
      const isLive = () => this.history.isLive(this.life, owned.place, since);
      return [{ ...owned, since, commit: this.#offsets.commit(this.group, owned.place, offset, this.life.name, { isLive }) }];
    });
    if (news.length === 0) return;
    const topics = this.topics.flatMap(({ name, topicId }) => {
      const partitions = news.filter(({ topic }) => topic.name === name);
      if (partitions.length === 0) return [];
      return [
        {
          name,
          topicId,
          partitions: partitions.map(({ partition, commit: { offset, id } }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedMetadata: id,
          })),
        },
      ];
    });
    const request = { groupId: this.group, ...membership, topics };
    const response = await this.link.ask(offsetCommit, request, (answer) => answer.topics[0]?.partitions[0]?.errorCode, {
      channel: this.life.name,
    });
    for (const { topic, partition, place, commit, since } of news) {
      const answer = response === 'not-sent' ? undefined : response?.topics.find(({ topicId }) => topicId === topic.topicId);
      const error = answer?.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.errorCode;
      if (response === 'not-sent') this.#offsets.refuse(commit, 'it was not sent');
      else if (error === 'NONE') {
        this.#offsets.acknowledge(commit);
        // In groups with the new protocol a commit is no sign of life.
        this.history.heard(this.life, Number.NEGATIVE_INFINITY, commit.sentAt, this.link.host);
        this.history.committed(this.life, place, commit, since);
        this.#committed.set(place, commit.offset);
      } else if (error !== undefined && refusals.has(error)) {
        this.#offsets.refuse(commit, error);
        if (error === 'UNKNOWN_MEMBER_ID') this.history.unknown(this.life);
        if (error === 'FENCED_INSTANCE_ID') this.over();
        else if (outOfTheGroup.has(error)) this.lose();
      }
    }
  }

  /** What it has is no longer its own, as far as it can tell: it has to begin anew. */
  protected abstract lose(): void;

  /** By what it names itself when it reads offsets: members of the new protocol say who they are. */
  protected get asReader(): { memberId?: string; generationIdOrMemberEpoch?: number } {
    return {};
  }

  protected over(): void {
    this.isOver = true;
    this.giveUp();
  }

  protected giveUp(places: Iterable<string> = [...this.life.owned.keys()]): void {
    const gone = [...places];
    for (const place of gone) {
      this.#positions.delete(place);
      this.#committed.delete(place);
    }
    this.history.release(this.life, gone);
  }

  /** The places of what is named by topic and partitions. */
  protected placesOf(assigned: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): Set<string> {
    return new Set(
      assigned.flatMap(({ topic, partitions }) => {
        const known = this.topics.find(({ name }) => name === topic);
        return known === undefined ? [] : partitions.map((partition) => placeOf(known.topicId, partition));
      }),
    );
  }
}
