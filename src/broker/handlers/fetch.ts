import { asKafkaError, type ErrorName, KafkaError, type ResponseInput } from '#protocol';
import { type FetchRequest, fetch } from '#protocol/apis/fetch.ts';
import { metadataTopicId, metadataTopicName } from '#raft';
import type { IsolationLevel, Partition } from '#replication';
import type { Context } from '../context.ts';
import type { FetchedPartition, FetchPlan, FetchTarget } from '../fetch-sessions.ts';
import { handler } from '../handler.ts';
import { hintedEndpoints, leaderHint } from '../leader-hints.ts';
import { nearerReplica } from '../nearer-replica.ts';
import { resolveTopic } from '../topics.ts';
import { gapEndAt } from './compaction-gap.ts';

type Answer = ResponseInput<typeof fetch>;

/** No answer is larger, whatever the client allows. */
const maxAnswerBytes = 57_671_680;
/** A follower whose high watermark is behind gets the new one with the next records, or alone after so long (KIP-1166). */
const staleHighWatermarkMs = 5;
const noRecords = Buffer.alloc(0);

/** Fetch: the records from these offsets on; waits for more when there are fewer bytes than wanted. Voters and observers read the metadata log through it too. */
export const handleFetch = handler(
  fetch,
  '4-18',
  (request, context) => (isForMetadataLog(request) ? context.raft.fetch(request) : fetchRecords(request, context)),
  {
    beforeFormed: true,
    // Before version 7 there is no error but a partition's.
    failed: (request, { errorName: errorCode }, apiVersion) => ({
      throttleTimeMs: 0,
      errorCode,
      responses:
        apiVersion >= 7
          ? []
          : request.topics.map(({ topic, topicId, partitions }) => ({
              topic,
              topicId,
              partitions: partitions.map(({ partition: partitionIndex }) => ({
                partitionIndex,
                errorCode,
                highWatermark: -1n,
                records: noRecords,
              })),
            })),
    }),
  },
);

function isForMetadataLog(request: FetchRequest): boolean {
  if (Math.max(request.replicaState.replicaId, request.replicaId) < 0 || request.topics.length !== 1) return false;
  const { topic, topicId } = request.topics[0]!;
  return topicId === metadataTopicId || topic === metadataTopicName;
}

async function fetchRecords(request: FetchRequest, context: Context): Promise<Answer> {
  const plan = context.fetchSessions.plan(request, context.apiVersion);
  if (typeof plan === 'string') return { throttleTimeMs: 0, errorCode: plan, sessionId: 0, responses: [] };
  const reader = readerOf(request);
  if (reader.type === 'follower') noteFetch(plan.targets, reader, context);
  const maxBytes = Math.min(request.maxBytes, maxAnswerBytes);
  const minBytes = Math.min(request.minBytes, maxBytes);
  const { clock } = context;
  let deadline = clock.monotonic() + request.maxWaitMs;
  for (;;) {
    const wakeUp = new WakeUp();
    try {
      const { found, bytes, urgency } = await readAll(plan.targets, reader, maxBytes, wakeUp, context);
      const now = clock.monotonic();
      if (urgency === 'soon') deadline = Math.min(deadline, now + staleHighWatermarkMs);
      if (urgency === 'now' || bytes >= minBytes || deadline <= now || plan.targets.length === 0 || context.connection?.closed) {
        count(found, reader, context);
        return answer(plan, found, context);
      }
      await wakeUp.within(deadline - now, context);
    } finally {
      wakeUp.stop();
    }
  }
}

/** Consumers are shown what is committed, followers what there is. */
type Reader =
  | { readonly type: 'consumer'; readonly isolationLevel: IsolationLevel; readonly rack: string }
  | { readonly type: 'follower'; readonly replicaId: number; readonly brokerEpoch: bigint };

function readerOf(request: FetchRequest): Reader {
  const replicaId = Math.max(request.replicaState.replicaId, request.replicaId);
  if (replicaId >= 0) return { type: 'follower', replicaId, brokerEpoch: request.replicaState.replicaEpoch };
  return { type: 'consumer', isolationLevel: request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted', rack: request.rackId };
}

/** What a follower asks for tells how far it is. Said once, as its fetch comes, and not again while that waits. What is wrong with it, reading finds too. */
function noteFetch(targets: readonly FetchTarget[], { replicaId, brokerEpoch }: Reader & { type: 'follower' }, context: Context): void {
  for (const target of targets) {
    try {
      partitionOf(target, context, 'leader').followerFetched({ replicaId, brokerEpoch, ...target });
    } catch (error) {
      asKafkaError(error);
    }
  }
}

function partitionOf(target: FetchTarget, context: Context, which: 'leader' | 'readable'): Partition {
  const { name, id } = resolveTopic(target.topic, target.topicId, context.apiVersion >= 13, context);
  return context.partitions[which](name, target.partition, target.currentLeaderEpoch, id);
}

/** Does an answer have to leave at once (an error, a divergence), soon (a follower that knows too low a high watermark), or when there is enough? */
type Urgency = 'none' | 'soon' | 'now';

/** Reads in the order of the targets until the answer is full. */
async function readAll(targets: readonly FetchTarget[], reader: Reader, maxBytes: number, wakeUp: WakeUp, context: Context) {
  const found = new Map<FetchTarget, FetchedPartition>();
  let bytes = 0;
  let urgency: Urgency = 'none';
  for (const target of targets) {
    const result = await readOne(target, reader, maxBytes - bytes, bytes === 0, wakeUp, context);
    bytes += result.records?.length ?? 0;
    if (result.errorCode !== 'NONE' || result.divergingEpoch !== undefined || (result.preferredReadReplica ?? -1) >= 0) urgency = 'now';
    else if (urgency === 'none' && reader.type === 'follower' && hasNews(result, target)) urgency = 'soon';
    found.set(target, result);
  }
  return { found, bytes, urgency };
}

/** Errors that only say that the client has to ask elsewhere, or to begin elsewhere. */
const isRedirected: ReadonlySet<ErrorName | undefined> = new Set<ErrorName | undefined>([
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_OUT_OF_RANGE',
]);

/** Counts what is answered for whoever watches. Topics of which this broker has nothing are not counted: clients may ask for any name. */
function count(found: ReadonlyMap<FetchTarget, FetchedPartition>, reader: Reader, { partitions, image }: Context): void {
  for (const [{ topic, topicId }, { errorCode, records }] of found) {
    const traffic = partitions.traffic.get(topic || (image.topics.byId(topicId)?.name ?? ''));
    if (traffic === undefined) continue;
    if (reader.type === 'follower') {
      traffic.replicationBytesOut += records?.length ?? 0;
      continue;
    }
    traffic.fetchRequests++;
    traffic.bytesOut += records?.length ?? 0;
    if (errorCode !== 'NONE' && !isRedirected.has(errorCode)) traffic.failedFetchRequests++;
  }
}

/** Without records: how far the partition is. */
function answerOf(target: FetchTarget, { highWatermark, lastStableOffset, log }: Partition): FetchedPartition {
  const { logStartOffset } = log;
  return {
    partitionIndex: target.partition,
    errorCode: 'NONE',
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions: null,
    records: noRecords,
  };
}

/** What a follower does not know yet, besides records. */
function hasNews({ highWatermark, logStartOffset = -1n }: FetchedPartition, known: FetchTarget): boolean {
  return highWatermark > known.highWatermark || logStartOffset > known.logStartOffset;
}

async function readOne(
  target: FetchTarget,
  reader: Reader,
  room: number,
  isFirst: boolean,
  wakeUp: WakeUp,
  context: Context,
): Promise<FetchedPartition> {
  let partition: Partition | undefined;
  try {
    // Only who says where it is may be sent to a follower: everybody else finds what was acknowledged a moment ago.
    const which = reader.type === 'consumer' && reader.rack !== '' ? 'readable' : 'leader';
    partition = partitionOf(target, context, which);
    if (!context.may(reader.type === 'follower' ? 'cluster-action' : 'read', partition.topic))
      throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
    wakeUp.watch(partition, reader);
    const divergingEpoch = partition.divergence(target.lastFetchedEpoch, target.fetchOffset);
    // Where the histories have parted the offset says nothing: it may lie beyond the end.
    if (divergingEpoch !== undefined) {
      const gapEnd = await gapEndAt(divergingEpoch.endOffset, partition);
      if (reader.type === 'follower') return { ...answerOf(target, partition), divergingEpoch, ...gapUntil(gapEnd) };
      // What it has read and is gone by now was compacted, not cut off.
      if (gapEnd === undefined || target.fetchOffset > gapEnd) return { ...answerOf(target, partition), divergingEpoch };
    }
    const preferredReadReplica =
      reader.type === 'consumer' ? nearerReplica(partition, target.fetchOffset, reader.rack, context) : undefined;
    if (preferredReadReplica !== undefined) return { ...answerOf(target, partition), preferredReadReplica };
    const read = await partition.read({
      fetchOffset: target.fetchOffset,
      maxBytes: Math.max(0, Math.min(target.maxBytes, room)),
      atLeastOne: isFirst,
      isolationLevel: reader.type === 'follower' ? 'all' : reader.isolationLevel,
    });
    const found = { partitionIndex: target.partition, errorCode: 'NONE', ...read } as const;
    return reader.type === 'follower' ? { ...found, ...forgottenAbove(target.fetchOffset, partition) } : found;
  } catch (error) {
    return failed(target, asKafkaError(error), partition, context);
  }
}

/**
 * A follower whose log ends below a deletion that compaction has let go here may have what that deletes, and has to know. This field of Kafka's protocol says where
 * the metadata log has its snapshot, and nothing for topics: up to where deletions are gone, and the number of the last time when one above the offset went.
 */
function forgottenAbove(fetchOffset: bigint, { log }: Partition): Pick<FetchedPartition, 'snapshotId'> {
  const epoch = log.compaction.forgottenDeletions.lastFrom(fetchOffset);
  return epoch === 0 ? {} : { snapshotId: { endOffset: log.compaction.forgottenDeletions.before, epoch } };
}

/** A follower whose log parts from this one in a gap has to know that this may be why. Told in the same field: where the gap ends, and 0 in place of a number. */
function gapUntil(gapEnd: bigint | undefined): Pick<FetchedPartition, 'snapshotId'> {
  return gapEnd === undefined ? {} : { snapshotId: { endOffset: gapEnd, epoch: 0 } };
}

function failed(target: FetchTarget, error: KafkaError, partition: Partition | undefined, context: Context): FetchedPartition {
  if (error.errorName === 'UNKNOWN_SERVER_ERROR') context.log.error({ error: String(error.cause ?? error) }, 'a fetch failed');
  const known = error.errorName === 'OFFSET_OUT_OF_RANGE' ? partition : undefined;
  return {
    partitionIndex: target.partition,
    errorCode: error.errorName,
    highWatermark: known?.highWatermark ?? -1n,
    lastStableOffset: known?.lastStableOffset ?? -1n,
    logStartOffset: known?.log.logStartOffset ?? -1n,
    abortedTransactions: null,
    records: noRecords,
    ...hint(target, error, context),
  };
}

/** A client that asked the wrong broker is told the right one. */
function hint(target: FetchTarget, error: KafkaError, context: Context): Pick<FetchedPartition, 'currentLeader'> {
  if (context.apiVersion < 12 || (error.errorName !== 'NOT_LEADER_OR_FOLLOWER' && error.errorName !== 'FENCED_LEADER_EPOCH')) return {};
  const { topic: name, topicId, partition } = target;
  const currentLeader = leaderHint({ name, topicId }, partition, context.apiVersion >= 13, context);
  return currentLeader === undefined ? {} : { currentLeader };
}

function answer(plan: FetchPlan, found: ReadonlyMap<FetchTarget, FetchedPartition>, context: Context): Answer {
  const byTopic = new Map<string, Answer['responses'][number] & { partitions: FetchedPartition[] }>();
  const leaders = new Set<number>();
  for (const [target, result] of found) {
    if (!plan.isNews(target, result)) continue;
    if (result.currentLeader !== undefined) leaders.add(result.currentLeader.leaderId!);
    const key = `${target.topicId}/${target.topic}`;
    let topic = byTopic.get(key);
    if (topic === undefined) byTopic.set(key, (topic = { topic: target.topic, topicId: target.topicId, partitions: [] }));
    topic.partitions.push(result);
  }
  plan.done(found);
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    sessionId: plan.sessionId,
    responses: [...byTopic.values()],
    ...(context.apiVersion >= 16 && leaders.size > 0 ? { nodeEndpoints: hintedEndpoints(leaders, context) } : {}),
  };
}

/** The waiting fetches of each connection, so that a connection needs one callback however many fetches it makes. */
const waitingOn = new WeakMap<object, Set<() => void>>();

/** Calls back when the connection is gone. Returns how to stop that. */
function whenGone(connection: NonNullable<Context['connection']>, callback: () => void): () => void {
  const callbacks = waitingOn.get(connection) ?? new Set<() => void>();
  if (!waitingOn.has(connection)) {
    waitingOn.set(connection, callbacks);
    connection.onClose(() => {
      for (const wake of callbacks) wake();
    });
  }
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

/**
 * Wakes a waiting fetch when one of its partitions has something new, or when nobody waits for its answer any more. Watching begins
 * before the read, so nothing falls in between.
 */
class WakeUp {
  readonly #stops: (() => void)[] = [];
  #woken = false;
  #resolve: (() => void) | undefined;

  watch(partition: Partition, reader: Reader): void {
    this.#stops.push(reader.type === 'follower' ? partition.watchAppends(this.#wake) : partition.watch(this.#wake));
  }

  within(timeoutMs: number, context: Context): Promise<void> {
    if (this.#woken) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const timer = context.clock.after(timeoutMs, resolve);
      this.#stops.push(() => timer.cancel());
      if (context.connection !== undefined) this.#stops.push(whenGone(context.connection, this.#wake));
    });
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  readonly #wake = (): void => {
    this.#woken = true;
    this.#resolve?.();
  };
}
