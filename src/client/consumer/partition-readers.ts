import { NetworkError, sleep } from '#platform';
import { KafkaError, type LogRecord, zeroUuid } from '#protocol';
import { isPassing, isPassingFailure } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import { batchesOf, type FetchedPartition, fetchFrom } from '../fetch.ts';
import { earliest, offsetsFor } from '../list-offsets.ts';
import { type KnownPartition, nameOf, readMetadata, type TopicPartition } from '../metadata.ts';
import type { Position } from './position.ts';
import { Trouble } from './trouble.ts';

const limits = { isolation: 'read_committed', maxWaitMs: 500, maxBytes: 8 * 1024 * 1024, partitionBytes: 1024 * 1024 } as const;
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
    const asked = led.map(([{ topic, topicId, partition, offset }, { leaderEpoch }]) => ({
      topic,
      topicId,
      partition,
      offset,
      leaderEpoch,
    }));
    let answers: FetchedPartition[];
    try {
      answers = await fetchFrom(this.#cluster, leader, asked, limits, { channel: 'fetch', timeoutMs: answerTimeoutMs });
    } catch (error) {
      if (!isPassingFailure(error)) throw error;
      if (this.#isClosed) return true;
      this.#trouble.seen(`Broker ${leader}: ${error.message}`);
      return false;
    }
    let isGood = true;
    for (const [index, [position]] of led.entries()) {
      // What was given up meanwhile, and perhaps taken again, is not what was asked for.
      if (position.isOver || position.offset !== asked[index]!.offset) continue;
      isGood = (await this.#take(position, answers[index]!)) && isGood;
    }
    return isGood;
  }

  async #take(position: Position, fetched: FetchedPartition): Promise<boolean> {
    const { errorCode } = fetched;
    if (errorCode === 'OFFSET_OUT_OF_RANGE') return this.#startOver(position);
    if (errorCode !== 'NONE') {
      if (!isPassing(errorCode)) throw new KafkaError(errorCode, `reading ${nameOf(position)} at offset ${position.offset}`);
      return false;
    }
    this.#trouble.passed();
    for (const batch of batchesOf(fetched, position.offset)) {
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
