import { NetworkError, sleep } from '#platform';
import { KafkaError, zeroUuid } from '#protocol';
import { isPassing, isPassingFailure } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import type { ReadBatch } from '../committed-records.ts';
import { Trouble } from '../consumer/trouble.ts';
import { batchesOf, type FetchedPartition, fetchFrom } from '../fetch.ts';
import { earliest, type Isolation, offsetsFor } from '../list-offsets.ts';
import { type KnownTopic, nameOf, readMetadata } from '../metadata.ts';

const limits = { maxWaitMs: 500, maxBytes: 8 * 1024 * 1024, partitionBytes: 1024 * 1024 };
const answerTimeoutMs = 10_000;
const lookAgainMs = 100;

/** What is to be read of a partition. */
export interface ReadRange {
  readonly partition: number;
  readonly from: bigint;
  /** The first offset that is not wanted; without one what arrives is read for ever. */
  readonly until?: bigint | undefined;
}

export interface TopicReaderOptions {
  readonly cluster: Cluster;
  readonly topic: KnownTopic;
  readonly ranges: readonly ReadRange[];
  readonly isolation: Isolation;
  /** Is given every batch, also those without a record, in the order of each partition. The next one follows when it has resolved. */
  deliver(partition: number, batch: ReadBatch): Promise<void> | undefined;
  note(line: string): void;
}

interface Place {
  readonly partition: number;
  readonly until: bigint | undefined;
  /** Of the next fetch. */
  offset: bigint;
  leaderEpoch: number;
}

/** Reads partitions of one topic, batch by batch, without a group: each leader by a loop of its own, which fetches ahead while records are handed over. */
export class TopicReader {
  readonly #options: TopicReaderOptions;
  readonly #trouble: Trouble;
  #isStopped = false;
  #channels = 0;

  constructor(options: TopicReaderOptions) {
    this.#options = options;
    this.#trouble = new Trouble(options.cluster.clock, options.note, 'Reading again.');
  }

  /** Resolves when all ranges are read, or it was stopped. @throws KafkaError when it cannot go on, as when the topic was deleted; what `deliver` threw */
  async run(): Promise<void> {
    const places = this.#options.ranges.map(({ partition, from, until }) => ({ partition, until, offset: from, leaderEpoch: -1 }));
    try {
      await this.#read(places);
    } finally {
      this.#isStopped = true;
    }
  }

  /** Hands over nothing more after the batch that it is at. */
  stop(): void {
    this.#isStopped = true;
  }

  async #read(places: readonly Place[]): Promise<void> {
    for (;;) {
      const open = places.filter(isOpen);
      if (this.#isStopped || open.length === 0) return;
      const byLeader = await this.#byLeader(open);
      if (byLeader === undefined) {
        await sleep(this.#options.cluster.clock, lookAgainMs);
        continue;
      }
      const [only] = byLeader;
      if (byLeader.size > 1) return void (await Promise.all([...byLeader.values()].map((those) => this.#read(those))));
      await this.#readFrom(only![0], only![1]);
    }
  }

  /** @returns undefined when somebody leads nothing at the moment, or nobody can tell */
  async #byLeader(places: readonly Place[]): Promise<Map<number, Place[]> | undefined> {
    const { cluster, topic } = this.#options;
    try {
      const known = (await readMetadata(cluster, [topic.name])).topics.get(topic.name);
      if (known === undefined || (known.id !== topic.id && known.id !== zeroUuid))
        throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic.name} was deleted while it was read`);
      for (const place of places) place.leaderEpoch = known.partitions[place.partition]?.leaderEpoch ?? -1;
      const byLeader = Map.groupBy(places, ({ partition }) => known.partitions[partition]?.leader ?? -1);
      if (!byLeader.has(-1)) return byLeader;
      this.#trouble.seen(`${topic.name}-${byLeader.get(-1)![0]!.partition} has no leader`);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      this.#trouble.seen(error.message);
    }
    return undefined;
  }

  /** Goes on until all is read, it was stopped, or somebody else may lead. */
  async #readFrom(leader: number, places: readonly Place[]): Promise<void> {
    const channel = `read-${this.#channels++}`;
    let isGood = true;
    let ahead = this.#fetch(leader, places, channel);
    while (isGood) {
      const answer = await ahead;
      if (this.#isStopped) return;
      if (answer === undefined) break;
      const taken = answer.flatMap(({ place, fetched }) => this.#take(place, fetched) ?? []);
      isGood = taken.length === answer.length;
      const open = places.filter(isOpen);
      const isMore = isGood && open.length > 0;
      if (isMore) {
        ahead = this.#fetch(leader, open, channel);
        // Should it fail while records are handed over, that is heard of afterwards.
        ahead.catch(() => {});
      }
      await this.#handOver(taken);
      if (!isMore) break;
    }
    for (const place of places.filter((each) => each.offset < 0n)) await this.#startOver(place);
    if (places.some(isOpen) && !this.#isStopped) await sleep(this.#options.cluster.clock, lookAgainMs);
  }

  async #handOver(taken: readonly { place: Place; batches: ReadBatch[] }[]): Promise<void> {
    for (const { place, batches } of taken) {
      for (const batch of batches) {
        if (this.#isStopped) return;
        await this.#options.deliver(place.partition, batch);
      }
    }
  }

  /** @returns undefined when there was no answer. @throws KafkaError when there is no going on */
  async #fetch(
    leader: number,
    places: readonly Place[],
    channel: string,
  ): Promise<{ place: Place; fetched: FetchedPartition }[] | undefined> {
    const { cluster, topic, isolation } = this.#options;
    const asked = places.map((place) => ({ ...place, topic: topic.name, topicId: topic.id }));
    try {
      const answers = await fetchFrom(cluster, leader, asked, { isolation, ...limits }, { channel, timeoutMs: answerTimeoutMs });
      this.#trouble.passed();
      return places.map((place, index) => ({ place, fetched: answers[index]! }));
    } catch (error) {
      if (!isPassingFailure(error)) throw error;
      if (!this.#isStopped) this.#trouble.seen(`Broker ${leader}: ${error.message}`);
      return undefined;
    }
  }

  /** Moves on past what came. @returns undefined when this leader cannot serve the partition */
  #take(place: Place, fetched: FetchedPartition): { place: Place; batches: ReadBatch[] } | undefined {
    const { errorCode } = fetched;
    if (errorCode === 'OFFSET_OUT_OF_RANGE') {
      place.offset = -1n;
      return undefined;
    }
    if (errorCode !== 'NONE') {
      if (isPassing(errorCode)) return undefined;
      throw new KafkaError(errorCode, `reading ${this.#options.topic.name}-${place.partition} at offset ${place.offset}`);
    }
    const batches: ReadBatch[] = [];
    for (const batch of batchesOf(fetched, place.offset)) {
      batches.push(upTo(place.until, batch));
      place.offset = batch.nextOffset;
    }
    return { place, batches };
  }

  /** What was to be read is not there any more. */
  async #startOver(place: Place): Promise<void> {
    const { cluster, topic, note } = this.#options;
    const where = { topic: topic.name, partition: place.partition };
    const [found] = await offsetsFor(cluster, [{ ...where, timestamp: earliest }]);
    if (found === undefined || 'error' in found) throw found?.error ?? new KafkaError('OFFSET_OUT_OF_RANGE', nameOf(where));
    place.offset = found.value.offset;
    note(`${nameOf(where)} does not have what was to be read next any more: going on where it begins, at offset ${place.offset}.`);
  }
}

function isOpen({ offset, until }: Place): boolean {
  return until === undefined || offset < until;
}

function upTo(until: bigint | undefined, batch: ReadBatch): ReadBatch {
  if (until === undefined || batch.nextOffset <= until) return batch;
  return { ...batch, nextOffset: until, records: batch.records.filter(({ offset }) => offset < until) };
}
