import type { Random } from '#platform';
import { type ErrorName, type ResponseInput, zeroUuid } from '#protocol';
import type { FetchRequest, fetch } from '#protocol/apis/fetch.ts';

/** What a fetch wants of one partition. */
export interface FetchTarget {
  /** '' when the request names topics by id. */
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  currentLeaderEpoch: number;
  fetchOffset: bigint;
  lastFetchedEpoch: number;
  maxBytes: number;
  /** Of a follower's log; -1 of a consumer. */
  logStartOffset: bigint;
  /** What a follower takes for the high watermark; the largest int64 where that does not matter (KIP-1166). */
  highWatermark: bigint;
}

export type FetchedPartition = ResponseInput<typeof fetch>['responses'][number]['partitions'][number];

/** One fetch, from its request to what the answer may leave out. */
export interface FetchPlan {
  readonly sessionId: number;
  readonly targets: readonly FetchTarget[];
  /** Whether the answer must name this partition: always in a full fetch, only what is new in an incremental one. */
  isNews(target: FetchTarget, found: FetchedPartition): boolean;
  /** The fetch is answered: remembers what the client has been told. */
  done(answers: ReadonlyMap<FetchTarget, FetchedPartition>): void;
}

interface Session {
  readonly id: number;
  epoch: number;
  readonly usesTopicIds: boolean;
  readonly entries: Map<string, Entry>;
  lastUsed: number;
}

interface Entry {
  readonly target: FetchTarget;
  highWatermark: bigint;
  logStartOffset: bigint;
  /** The last answer held an error, or an epoch to cut back to: the client has made nothing of its offsets and is told them again. */
  isOwed: boolean;
}

const fullFetchEpoch = -1;
const firstEpoch = 0;
const maxEpoch = 0x7fffffff;
/** A session with more partitions would take more memory than it saves; its client sends full requests. */
const maxPartitions = 20_000;

/**
 * Incremental fetches (KIP-227): a client names its partitions once and is then told only what is new. When all slots are in use,
 * the session that has been idle longest gives way if that was for at least two minutes; else the client is simply not given one.
 */
export class FetchSessions {
  readonly #random: Random;
  readonly #now: () => number;
  readonly #slots: number;
  readonly #sessions = new Map<number, Session>();
  static readonly #evictableAfterMs = 120_000;

  /** @param now monotonic milliseconds */
  constructor(options: { random: Random; now: () => number; slots?: number }) {
    this.#random = options.random;
    this.#now = options.now;
    this.#slots = options.slots ?? 1000;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** What this request fetches, or the error that sends the client back to a full fetch. */
  plan(request: FetchRequest, apiVersion: number): FetchPlan | ErrorName {
    const usesTopicIds = apiVersion >= 13;
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === fullFetchEpoch || sessionEpoch === firstEpoch) {
      if (sessionId !== 0) this.#sessions.delete(sessionId);
      const targets = targetsOf(request);
      const session =
        sessionEpoch === firstEpoch && targets.length > 0 && targets.length <= maxPartitions ? this.#create(usesTopicIds) : undefined;
      return session === undefined ? fullPlan(0, targets) : this.#firstPlan(session, targets);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return 'FETCH_SESSION_ID_NOT_FOUND';
    if (session.usesTopicIds !== usesTopicIds) return 'FETCH_SESSION_TOPIC_ID_ERROR';
    if (sessionEpoch !== session.epoch) return 'INVALID_FETCH_SESSION_EPOCH';
    session.epoch = session.epoch === maxEpoch ? 1 : session.epoch + 1;
    session.lastUsed = this.#now();
    update(session, request);
    if (session.entries.size > 0 && session.entries.size <= maxPartitions) return incrementalPlan(session);
    this.#sessions.delete(sessionId);
    return session.entries.size === 0 ? fullPlan(0, []) : 'FETCH_SESSION_ID_NOT_FOUND';
  }

  #create(usesTopicIds: boolean): Session | undefined {
    if (this.#sessions.size >= this.#slots && !this.#evictOne()) return undefined;
    let id: number;
    do id = 1 + this.#random.below(0x7ffffffe);
    while (this.#sessions.has(id));
    const session: Session = { id, epoch: 1, usesTopicIds, entries: new Map(), lastUsed: this.#now() };
    this.#sessions.set(id, session);
    return session;
  }

  #evictOne(): boolean {
    let oldest: Session | undefined;
    for (const session of this.#sessions.values()) if (oldest === undefined || session.lastUsed < oldest.lastUsed) oldest = session;
    if (oldest === undefined || this.#now() - oldest.lastUsed < FetchSessions.#evictableAfterMs) return false;
    return this.#sessions.delete(oldest.id);
  }

  #firstPlan(session: Session, targets: readonly FetchTarget[]): FetchPlan {
    for (const target of targets) session.entries.set(keyOf(target), newEntry(target));
    return { ...fullPlan(session.id, targets), done: (answers) => remember(session, answers) };
  }
}

function targetsOf(request: FetchRequest): FetchTarget[] {
  return request.topics.flatMap((topic) =>
    topic.partitions.map((asked) => ({
      topic: topic.topic,
      topicId: topic.topicId,
      partition: asked.partition,
      currentLeaderEpoch: asked.currentLeaderEpoch,
      fetchOffset: asked.fetchOffset,
      lastFetchedEpoch: asked.lastFetchedEpoch,
      maxBytes: asked.partitionMaxBytes,
      logStartOffset: asked.logStartOffset,
      highWatermark: asked.highWatermark,
    })),
  );
}

function newEntry(target: FetchTarget): Entry {
  return { target, highWatermark: -1n, logStartOffset: -1n, isOwed: false };
}

function keyOf(target: { topic: string; topicId: string; partition: number }): string {
  return `${target.topicId === zeroUuid ? target.topic : target.topicId}/${target.partition}`;
}

function update(session: Session, request: FetchRequest): void {
  for (const target of targetsOf(request)) {
    const known = session.entries.get(keyOf(target));
    if (known === undefined) session.entries.set(keyOf(target), newEntry(target));
    else Object.assign(known.target, target);
  }
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) session.entries.delete(keyOf({ topic, topicId, partition }));
  }
}

function fullPlan(sessionId: number, targets: readonly FetchTarget[]): FetchPlan {
  return { sessionId, targets, isNews: () => true, done: () => {} };
}

function incrementalPlan(session: Session): FetchPlan {
  return {
    sessionId: session.id,
    targets: [...session.entries.values()].map(({ target }) => target),
    isNews: (target, found) => {
      const entry = session.entries.get(keyOf(target));
      return (
        entry === undefined ||
        entry.isOwed ||
        found.errorCode !== 'NONE' ||
        (found.records !== null && (found.records?.length ?? 0) > 0) ||
        found.divergingEpoch !== undefined ||
        found.highWatermark !== entry.highWatermark ||
        found.logStartOffset !== entry.logStartOffset
      );
    },
    done: (answers) => remember(session, answers),
  };
}

/** Partitions that gave records go to the back of the queue, so that with little room in an answer all get their turn. */
function remember(session: Session, answers: ReadonlyMap<FetchTarget, FetchedPartition>): void {
  for (const [target, found] of answers) {
    const key = keyOf(target);
    const entry = session.entries.get(key);
    if (entry === undefined) continue;
    entry.isOwed = found.errorCode !== 'NONE' || found.divergingEpoch !== undefined;
    if (!entry.isOwed) {
      entry.highWatermark = found.highWatermark ?? -1n;
      entry.logStartOffset = found.logStartOffset ?? -1n;
    }
    if ((found.records?.length ?? 0) > 0) {
      session.entries.delete(key);
      session.entries.set(key, entry);
    }
  }
}
