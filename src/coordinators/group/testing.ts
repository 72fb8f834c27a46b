/** What the tests of this folder share: a coordinator with a clock and a log that a test holds in its hands. Not part of the program. */

import type { TopicImage } from '#metadata';
import { encodeMessage, KafkaError, withDefaults } from '#protocol';
import {
  type ConsumerGroupHeartbeatRequestInput,
  type ConsumerGroupHeartbeatResponseInput,
  consumerGroupHeartbeat,
} from '#protocol/apis/consumer-group-heartbeat.ts';
import { type JoinGroupRequestInput, type JoinGroupResponseInput, joinGroup } from '#protocol/apis/join-group.ts';
import { type SyncGroupRequestInput, type SyncGroupResponseInput, syncGroup } from '#protocol/apis/sync-group.ts';
import { type ConsumerProtocolSubscriptionInput, consumerProtocolSubscription } from '#protocol/stored/consumer-protocol-subscription.ts';
import type { Scope } from '../runtime/index.ts';
import type { GroupConfig } from './config.ts';
import { GroupCoordinator } from './group-coordinator.ts';
import { type GroupRecord, groupRecordCodec } from './records.ts';
import type { GroupDecision, TopicsImage } from './turn.ts';

export const defaultConfig: GroupConfig = {
  minSessionTimeoutMs: 6000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 0,
  maxSize: 0x7fff_ffff,
  maxMetadataBytes: 4096,
  offsetsRetentionMs: 10_080 * 60_000,
  retentionCheckMs: 600_000,
  consumerMaxSize: 0x7fff_ffff,
  mayUpgrade: true,
  mayDowngrade: true,
};

/** The answer to a request: there, or still to come. */
export interface Asked<Response> {
  answer: Response | undefined;
  error: KafkaError | undefined;
}

interface Stored {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export class TestCoordinator {
  /** Monotonic time; wall time is that and a million. */
  now = 0;
  config: GroupConfig;
  /** The topics that there are. */
  topics: TopicsImage;
  /** The log, as bytes. */
  readonly log: Stored[];
  /** Thrown by the next append. */
  refusal: KafkaError | undefined;
  core: GroupCoordinator;
  #lastTicket = 0;
  #lastId: number;
  readonly #waiting = new Map<number, Asked<unknown>>();

  constructor(
    options: { config?: Partial<GroupConfig>; log?: readonly Stored[]; now?: number; lastId?: number; topics?: TopicsImage } = {},
  ) {
    this.config = { ...defaultConfig, ...options.config };
    this.log = [...(options.log ?? [])];
    this.now = options.now ?? 0;
    this.topics = options.topics ?? topicsOf({ orders: 6 });
    this.#lastId = options.lastId ?? 0;
    this.core = this.#load();
  }

  /** Another broker takes over with what is in the log. */
  moved(): TestCoordinator {
    return new TestCoordinator({ config: this.config, log: this.log, now: this.now, lastId: this.#lastId, topics: this.topics });
  }

  get wall(): number {
    return this.now + 1_000_000;
  }

  get records(): GroupRecord[] {
    return this.log.map(({ key, value }) => groupRecordCodec.decode(key, value)!);
  }

  ask<Response>(decide: (core: GroupCoordinator, scope: Scope) => GroupDecision<Response>): Asked<Response> {
    const asked: Asked<Response> = { answer: undefined, error: undefined };
    const scope = this.#scope(++this.#lastTicket);
    try {
      this.#waiting.set(scope.ticket, asked as Asked<unknown>);
      const decision = decide(this.core, scope);
      if (decision.response !== undefined) {
        this.#waiting.delete(scope.ticket);
        asked.answer = decision.response;
      }
      this.#carryOut(decision, scope, asked as Asked<unknown>);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      this.#waiting.delete(scope.ticket);
      asked.error = error;
    }
    return asked;
  }

  /** The answer, which has to be there at once. */
  get<Response>(decide: (core: GroupCoordinator, scope: Scope) => GroupDecision<Response>): Response {
    const { answer, error } = this.ask(decide);
    if (error !== undefined) throw error;
    if (answer === undefined) throw new Error('the answer is still to come');
    return answer;
  }

  /** Time passes, deadline by deadline. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let next = this.core.nextDeadline; next !== undefined && next <= end; next = this.core.nextDeadline) {
      this.now = Math.max(this.now, next);
      const scope = this.#scope(0);
      this.#carryOut(this.core.tick(scope), scope, undefined);
    }
    this.now = end;
  }

  tell(decide: (core: GroupCoordinator, scope: Scope) => GroupDecision<void>): void {
    const scope = this.#scope(0);
    this.#carryOut(decide(this.core, scope), scope, undefined);
  }

  /** @param apiVersion 9 unless it is said */
  join(options: Partial<JoinGroupRequestInput> & { readonly apiVersion?: number } = {}): Asked<JoinGroupResponseInput> {
    const { apiVersion = 9, ...request } = options;
    const whole = withDefaults(joinGroup.request, {
      groupId: 'readers',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription({ topics: ['orders'] }) }],
      ...request,
    });
    return this.ask((core, scope) => core.members.join(whole, { clientId: 'client', clientHost: '/10.0.0.7' }, apiVersion, scope));
  }

  /** A heartbeat of a consumer group (KIP-848); the first one joins, with all that it has to say. */
  beat(
    memberId: string,
    memberEpoch: number,
    options: Partial<ConsumerGroupHeartbeatRequestInput> = {},
  ): Asked<ConsumerGroupHeartbeatResponseInput> {
    const joining = { rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['orders'], topicPartitions: [] };
    const whole = withDefaults(consumerGroupHeartbeat.request, {
      groupId: 'readers',
      memberId,
      memberEpoch,
      ...(memberEpoch === 0 ? joining : {}),
      ...options,
    });
    return this.ask((core, scope) => core.members.consumerGroupHeartbeat(whole, { clientId: 'client', clientHost: '/10.0.0.7' }, 1, scope));
  }

  sync(
    request: Partial<SyncGroupRequestInput> & { readonly memberId: string; readonly generationId: number },
  ): Asked<SyncGroupResponseInput> {
    const whole = withDefaults(syncGroup.request, { groupId: 'readers', assignments: [], ...request });
    return this.ask((core, scope) => core.members.sync(whole, scope));
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null): string {
    const asked = this.ask((core, scope) => core.members.heartbeat({ groupId: 'readers', memberId, generationId, groupInstanceId }, scope));
    return asked.error?.errorName ?? asked.answer!.errorCode;
  }

  leave(memberId: string, groupInstanceId: string | null = null): string {
    return this.get((core, scope) => core.members.leave('readers', [{ memberId, groupInstanceId }], scope))[0]!;
  }

  commit(options: {
    readonly offset: bigint;
    readonly topic?: string;
    readonly partition?: number;
    readonly memberId?: string;
    readonly groupInstanceId?: string;
    readonly generationId?: number;
    readonly groupId?: string;
    readonly metadata?: string;
    readonly leaderEpoch?: number;
    readonly retentionMs?: bigint;
    readonly transaction?: { producerId: bigint; producerEpoch: number };
  }): string {
    const { groupId = 'readers', memberId = '', groupInstanceId = null, generationId = -1, retentionMs = -1n, transaction } = options;
    const partition = {
      partitionIndex: options.partition ?? 0,
      committedOffset: options.offset,
      committedLeaderEpoch: options.leaderEpoch ?? -1,
      committedMetadata: options.metadata ?? null,
    };
    const topics = [{ name: options.topic ?? 'orders', topicId: topicIdOf(options.topic ?? 'orders'), partitions: [partition] }];
    const committer = { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId };
    const more = { retentionMs, ...(transaction === undefined ? {} : { transaction }) };
    const asked = this.ask((core, scope) => core.offsets.commit(groupId, committer, topics, more, scope));
    return asked.error?.errorName ?? asked.answer![0]!.partitions[0]!.errorCode;
  }

  /** What is committed for a partition. */
  committed(topic = 'orders', partition = 0, options: { requireStable?: boolean; groupId?: string } = {}) {
    const { requireStable = false, groupId = 'readers' } = options;
    const topics = [{ name: topic, topicId: topicIdOf(topic), partitionIndexes: [partition] }];
    const asked = { groupId, memberId: null, memberEpoch: -1, topics, requireStable };
    return this.get((core) => core.offsets.fetch(asked, topicIdOf))[0]!.partitions[0]!;
  }

  /** Groups, for a comparison of states. */
  described(): unknown {
    const groups = this.get((core) => core.listGroups());
    return groups
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
      .map((group) => ({
        group,
        detail:
          group.type === 'classic'
            ? this.get((core) => core.describeGroup(group.groupId))
            : this.get((core) => core.describeConsumerGroup(group.groupId)),
        offsets: this.get((core) =>
          core.offsets.fetch({ groupId: group.groupId, memberId: null, memberEpoch: -1, topics: null, requireStable: false }, topicIdOf),
        ),
      }));
  }

  /** `length` members in a stable group; each is to do what its number says. */
  stableGroup(length: number, options: Partial<JoinGroupRequestInput> = {}): { memberIds: string[]; generationId: number } {
    const memberIds = Array.from({ length }, () => this.join(options).answer!.memberId);
    return { memberIds, generationId: this.rebalance(memberIds, options) };
  }

  /** All join and sync. @returns the generation */
  rebalance(memberIds: readonly string[], options: Partial<JoinGroupRequestInput> = {}): number {
    const joins = memberIds.map((memberId) => this.join({ ...options, memberId }));
    // The first joins of a group complete it one by one; then all are asked to join again.
    for (let round = 0; round < 3; round++) {
      for (const [index, memberId] of memberIds.entries()) {
        const { generationId = -1 } = joins[index]!.answer ?? {};
        if (joins[index]!.answer !== undefined && this.heartbeat(memberId, generationId) === 'REBALANCE_IN_PROGRESS')
          joins[index] = this.join({ ...options, memberId });
      }
    }
    const { generationId, leader } = joins[0]!.answer!;
    const assignments = memberIds.map((memberId, index) => ({ memberId, assignment: Buffer.from(String(index)) }));
    for (const memberId of memberIds)
      this.sync({ memberId, generationId: generationId!, assignments: memberId === leader ? assignments : [] });
    return generationId!;
  }

  #load(): GroupCoordinator {
    const core = new GroupCoordinator({
      config: () => this.config,
      configOf: () => ({ sessionTimeoutMs: 45_000, heartbeatIntervalMs: 5000 }),
      topics: () => this.topics,
      metadataVersion: () => 7n,
      compileRegex: testRegex,
      newId: () => `id${++this.#lastId}`,
    });
    for (const [offset, { key, value }] of this.log.entries()) {
      const record = groupRecordCodec.decode(key, value);
      if (record !== undefined) core.replay(record, { offset: BigInt(offset), producerId: -1n, producerEpoch: -1 });
    }
    const scope = this.#scope(0);
    this.core = core;
    this.#carryOut(core.loaded(scope), scope, undefined);
    return core;
  }

  #scope(ticket: number): Scope {
    return { ticket, now: { monotonic: this.now, wall: this.wall }, leaderEpoch: 1 };
  }

  #carryOut(decision: GroupDecision<unknown>, scope: Scope, asked: Asked<unknown> | undefined): void {
    const { refusal } = this;
    if (refusal !== undefined && decision.records.length > 0) {
      this.refusal = undefined;
      if (asked !== undefined) {
        asked.answer = undefined;
        asked.error = refusal;
        this.#waiting.delete(scope.ticket);
      }
      this.#deliver(decision.failed?.(refusal, scope) ?? []);
      return;
    }
    const { producerId, producerEpoch } = decision.transaction ?? { producerId: -1n, producerEpoch: -1 };
    for (const record of decision.records) {
      this.log.push(groupRecordCodec.encode(record));
      const { key, value } = this.log.at(-1)!;
      this.core.replay(groupRecordCodec.decode(key, value)!, { offset: BigInt(this.log.length - 1), producerId, producerEpoch });
    }
    this.#deliver(decision.answers ?? []);
  }

  #deliver(answers: NonNullable<GroupDecision<unknown>['answers']>): void {
    for (const { ticket, response } of answers) {
      const waiting = this.#waiting.get(ticket);
      this.#waiting.delete(ticket);
      if (waiting !== undefined) waiting.answer = response;
    }
  }
}

/** Patterns of tests are simple; one that begins with a repetition is none. */
function testRegex(regularExpression: string): (topic: string) => boolean {
  if (regularExpression.startsWith('*')) throw new KafkaError('INVALID_REGULAR_EXPRESSION');
  const whole = new RegExp(`^(?:${regularExpression})$`);
  return (topic) => whole.test(topic);
}

/** Topics by name and number of partitions. */
export function topicsOf(counts: Readonly<Record<string, number>>): TopicsImage {
  const topics = Object.entries(counts).map(([name, count]) => ({
    name,
    id: topicIdOf(name),
    partitions: Array.from({ length: count }, (_, partition) => ({ partition })),
  })) as unknown as TopicImage[];
  return {
    size: topics.length,
    byName: (name) => topics.find((topic) => topic.name === name),
    byId: (id) => topics.find((topic) => topic.id === id),
    all: () => topics,
  };
}

export function topicIdOf(topic: string): string {
  return Buffer.from(topic.padEnd(16, '-').slice(0, 16)).toString('base64url');
}

/** What a consumer writes into JoinGroup. */
export function subscription(value: Partial<ConsumerProtocolSubscriptionInput> & { topics: readonly string[] }, version = 1): Buffer {
  const body = encodeMessage(consumerProtocolSubscription, version, { ownedPartitions: [], ...value });
  return Buffer.concat([Buffer.from([0, version]), body]);
}
