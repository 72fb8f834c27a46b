import { NetworkError, sleep } from '#platform';
import { batchesIn, KafkaError, type LogRecord, zeroUuid } from '#protocol';
import { type FetchResponse, fetch } from '#protocol/apis/fetch.ts';
import { isPassing } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import { committedRecords } from '../committed-records.ts';
import { earliest, offsetsFor } from '../list-offsets.ts';
import { type KnownPartition, nameOf, readMetadata, type TopicPartition } from '../metadata.ts';
import type { Position } from './position.ts';
import { Trouble } from './trouble.ts';

const maxWaitMs = 500;
const bytesOfPartition = 1024 * 1024;
const bytesAtOnce = 8 * 1024 * 1024;
/** A leader that hangs is asked for again after so long. */
const answerTimeoutMs = 5_000;
const lookAgainMs = 100;

export interface ReaderEvents {
  /** What it resolves for counts as read. */
  deliver(place: TopicPartition, record: LogRecord): Promise<void>;
  note(line: string): void;
  /** The topic is not there; it may have been deleted. */
  missing(topic: string): void;
  failed(error: unknown): void;
}

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** Fetches what positions have not had, with one loop for each leader, so that one that hangs holds up none but its own. */
export class PartitionReaders {
  readonly #cluster: Cluster;
  readonly #events: ReaderEvents;
  readonly #positions = new Set<Position>();
  readonly #leaders = new Map<Position, KnownPartition>();
  readonly #loops = new Set<number>();
  #isLooking = false;
  readonly #trouble: Trouble;
  #isClosed = false;

  constructor(cluster: Cluster, events: ReaderEvents) {
    this.#cluster = cluster;
    this.#events = events;
    this.#trouble = new Trouble(cluster.clock, events.note, 'Reading again.');
  }

  add(positions: readonly Position[]): void {
    for (const position of positions) this.#positions.add(position);
    this.#lookForLeaders();
  }

  /** To be called for positions that are over. */
  remove(positions: readonly Position[]): void {
    for (const position of positions) {
      this.#positions.delete(position);
      this.#leaders.delete(position);
    }
  }

  /** Ends all loops at their next step. */
  close(): void {
    this.#isClosed = true;
    this.remove([...this.#positions]);
  }

  /** Finds out who leads what, and starts the loops that are missing. Calls share one look. */
  #lookForLeaders(): void {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    this.#untilLed().catch((error: unknown) => this.#events.failed(error));
  }

  async #untilLed(): Promise<void> {
    try {
      while (await this.#refresh()) await sleep(this.#cluster.clock, lookAgainMs);
    } finally {
      this.#isLooking = false;
    }
  }

  /** @returns whether there are partitions that nobody leads, or that came meanwhile, or nobody could be asked */
  async #refresh(): Promise<boolean> {
    const wanted = [...this.#positions];
    if (wanted.length === 0) return false;
    try {
      const { topics } = await readMetadata(
        this.#cluster,
        wanted.map(({ topic }) => topic),
      );
      for (const position of wanted) {
        const topic = topics.get(position.topic);
        const place = topic?.partitions[position.partition];
        const isSame = topic !== undefined && (topic.id === zeroUuid || topic.id === position.topicId);
        if (!isSame) this.#events.missing(position.topic);
        if (!isSame || place === undefined || place.leader < 0 || !this.#positions.has(position)) this.#leaders.delete(position);
        else this.#leaders.set(position, place);
      }
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      this.#trouble.seen(error.message);
      return true;
    }
    for (const leader of new Set([...this.#leaders.values()].map((place) => place.leader))) this.#startLoop(leader);
    return [...this.#positions].some((position) => !this.#leaders.has(position));
  }

  #startLoop(leader: number): void {
    if (this.#loops.has(leader)) return;
    this.#loops.add(leader);
    this.#readFrom(leader)
      .catch((error: unknown) => this.#events.failed(error))
      .finally(() => {
        this.#loops.delete(leader);
        if ([...this.#leaders.values()].some((place) => place.leader === leader)) this.#startLoop(leader);
      });
  }

  async #readFrom(leader: number): Promise<void> {
    for (;;) {
      const led = [...this.#leaders].filter(([position, place]) => place.leader === leader && !position.isOver);
      if (led.length === 0) return;
      const isGood = await this.#readOnce(leader, led);
      if (isGood) continue;
      for (const [position, place] of led) if (this.#leaders.get(position) === place) this.#leaders.delete(position);
      await sleep(this.#cluster.clock, lookAgainMs);
      this.#lookForLeaders();
    }
  }

  /** @returns false when somebody else may lead some of them by now */
  async #readOnce(leader: number, led: readonly [Position, KnownPartition][]): Promise<boolean> {
    const asked = new Map(led.map(([position]) => [position, position.offset]));
    let response: FetchResponse;
    try {
      response = await this.#cluster.send(leader, fetch, requestFor(led), { channel: 'fetch', timeoutMs: answerTimeoutMs });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      if (this.#isClosed) return true;
      this.#trouble.seen(`Broker ${leader}: ${error.message}`);
      return false;
    }
    let isGood = true;
    for (const { topic, topicId, partitions } of response.responses) {
      for (const fetched of partitions) {
        const found = led.find(
          ([position]) => position.partition === fetched.partitionIndex && (position.topic === topic || position.topicId === topicId),
        );
        const position = found?.[0];
        // What was given up meanwhile, and perhaps taken again, is not what was asked for.
        if (position === undefined || position.isOver || position.offset !== asked.get(position)) continue;
        isGood = (await this.#take(position, fetched)) && isGood;
      }
    }
    return isGood;
  }

  async #take(position: Position, { errorCode, records, abortedTransactions }: FetchedPartition): Promise<boolean> {
    if (errorCode === 'OFFSET_OUT_OF_RANGE') return this.#startOver(position);
    if (errorCode !== 'NONE') {
      if (!isPassing(errorCode)) throw new KafkaError(errorCode, `reading ${nameOf(position)} at offset ${position.offset}`);
      return false;
    }
    this.#trouble.passed();
    for (const batch of committedRecords(batchesIn(records ?? noBytes), abortedTransactions ?? [], position.offset)) {
      for (const record of batch.records) await position.deliver(record, (one) => this.#events.deliver(position, one));
      if (position.isOver) return true;
      position.offset = batch.nextOffset;
      position.leaderEpoch = batch.leaderEpoch;
    }
    return true;
  }

  /** What the group had got to is not there any more. */
  async #startOver(position: Position): Promise<boolean> {
    const [found] = await offsetsFor(this.#cluster, [{ topic: position.topic, partition: position.partition, timestamp: earliest }]);
    if (found === undefined || 'error' in found) return false;
    this.#events.note(`${nameOf(position)} has nothing at offset ${position.offset}: going on where it begins, at ${found.value.offset}.`);
    position.offset = found.value.offset;
    return true;
  }
}

const noBytes = Buffer.alloc(0);

function requestFor(led: readonly [Position, KnownPartition][]) {
  const topics = [...Map.groupBy(led, ([position]) => position.topicId)].map(([topicId, those]) => ({
    topic: those[0]![0].topic,
    topicId,
    partitions: those.map(([position, { leaderEpoch }]) => ({
      partition: position.partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: position.offset,
      partitionMaxBytes: bytesOfPartition,
    })),
  }));
  return { maxWaitMs, minBytes: 1, maxBytes: bytesAtOnce, isolationLevel: 1, topics, forgottenTopicsData: [] };
}
