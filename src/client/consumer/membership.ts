import { type ErrorName, KafkaError } from '#protocol';
import type { ConsumerGroupHeartbeatRequestInput, ConsumerGroupHeartbeatResponse } from '#protocol/apis/consumer-group-heartbeat.ts';

/** A partition by the id of its topic. */
export interface IdPartition {
  readonly topicId: string;
  readonly partition: number;
}

export interface MembershipOptions {
  readonly groupId: string;
  readonly memberId: string;
  readonly topics: readonly string[];
  /** How long it may take to give partitions up. */
  readonly rebalanceTimeoutMs: number;
}

const joining = 0;
const leaving = -1;
const firstRetryMs = 100;
const longestRetryMs = 1_000;

/** The coordinator does not know the member, or not as it is: it has lost all that it had, and joins anew. */
const outErrors: ReadonlySet<ErrorName> = new Set<ErrorName>(['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'GROUP_ID_NOT_FOUND']);
/** The coordinator cannot answer now, or is another broker. */
const notNowErrors: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'BROKER_NOT_AVAILABLE',
]);

/** What an answer to a heartbeat means. */
export type Heard = 'assigned' | 'lost' | 'not-now' | 'nothing-new';

/**
 * One member of a consumer group (KIP-848) as it knows itself: which epoch it is in, what it has, what it is to have. It decides what the next heartbeat says and when it is
 * due; sending it, and giving up and taking partitions, is for others.
 */
export class Membership {
  readonly #options: MembershipOptions;
  #epoch = joining;
  #dueAt = Number.NEGATIVE_INFINITY;
  #retryMs = firstRetryMs;
  /** Whether the next heartbeat tells all, as nobody knows what the coordinator has heard. */
  #tellsAll = true;
  /** What the last heartbeat that was answered, or the one under way, said that it has. */
  #told: readonly IdPartition[] = [];
  #owned: readonly IdPartition[] = [];
  #assigned: readonly IdPartition[] = [];

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get memberId(): string {
    return this.#options.memberId;
  }

  /** 0 while it is not in the group. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What it has to give up: no longer read, and committed as far as it was. */
  get toGiveUp(): IdPartition[] {
    return without(this.#owned, this.#assigned);
  }

  /** What it may begin to read. */
  get toTake(): IdPartition[] {
    return without(this.#assigned, this.#owned);
  }

  /** Monotonic time of the next heartbeat. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** It has done so; the coordinator is to hear of it at once. */
  gaveUp(partitions: readonly IdPartition[]): void {
    this.#owned = without(this.#owned, partitions);
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }

  took(partitions: readonly IdPartition[]): void {
    this.#owned = [...this.#owned, ...without(partitions, this.#owned)];
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }

  /** The heartbeat to send now. */
  request(): ConsumerGroupHeartbeatRequestInput {
    const { groupId, memberId, topics, rebalanceTimeoutMs } = this.#options;
    const isNews = this.#told.length !== this.#owned.length || without(this.#owned, this.#told).length > 0;
    this.#told = this.#owned;
    if (this.#tellsAll)
      return {
        groupId,
        memberId,
        memberEpoch: this.#epoch,
        rebalanceTimeoutMs,
        subscribedTopicNames: [...topics],
        topicPartitions: byTopic(this.#owned),
      };
    return { groupId, memberId, memberEpoch: this.#epoch, topicPartitions: isNews ? byTopic(this.#owned) : null };
  }

  /** The heartbeat that says goodbye. */
  farewell(): ConsumerGroupHeartbeatRequestInput {
    const { groupId, memberId } = this.#options;
    return { groupId, memberId, memberEpoch: leaving, topicPartitions: null };
  }

  /** @throws KafkaError when the group did not let it go */
  heardFarewell({ errorCode, errorMessage }: ConsumerGroupHeartbeatResponse): void {
    if (errorCode !== 'NONE' && !outErrors.has(errorCode)) throw new KafkaError(errorCode, errorMessage ?? '');
  }

  /** @throws KafkaError for an answer after which there is no going on */
  hear(response: ConsumerGroupHeartbeatResponse, now: number): Heard {
    const { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs, assignment } = response;
    if (errorCode === 'NONE') {
      this.#epoch = memberEpoch;
      this.#tellsAll = false;
      this.#retryMs = firstRetryMs;
      // What was given up or taken while the heartbeat was under way is still to be told.
      this.#dueAt = without(this.#owned, this.#told).length + without(this.#told, this.#owned).length > 0 ? now : now + heartbeatIntervalMs;
      if (assignment === null) return 'nothing-new';
      this.#assigned = assignment.topicPartitions.flatMap(({ topicId, partitions }) =>
        partitions.map((partition) => ({ topicId, partition })),
      );
      return 'assigned';
    }
    if (outErrors.has(errorCode)) {
      this.#epoch = joining;
      this.#owned = [];
      this.#assigned = [];
      this.#tellsAll = true;
      this.#dueAt = now;
      return 'lost';
    }
    if (!notNowErrors.has(errorCode)) throw new KafkaError(errorCode, errorMessage ?? '');
    this.failed(now);
    return 'not-now';
  }

  /** No answer came: the coordinator may have heard the heartbeat or not. */
  failed(now: number): void {
    this.#tellsAll = true;
    this.#dueAt = now + this.#retryMs;
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
  }
}

function without(all: readonly IdPartition[], some: readonly IdPartition[]): IdPartition[] {
  const keys = new Set(some.map(keyOf));
  return all.filter((each) => !keys.has(keyOf(each)));
}

export function keyOf({ topicId, partition }: IdPartition): string {
  return `${topicId}/${partition}`;
}

function byTopic(partitions: readonly IdPartition[]): { topicId: string; partitions: number[] }[] {
  return [...Map.groupBy(partitions, ({ topicId }) => topicId)].map(([topicId, those]) => ({
    topicId,
    partitions: those.map(({ partition }) => partition),
  }));
}
