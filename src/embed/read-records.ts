import {
  type Asked,
  askLeaders,
  batchesOf,
  earliest,
  type FetchedPartition,
  failed,
  fetchFrom,
  type Isolation,
  latest,
  nameOf,
  offsetsFor,
  type PartitionAnswer,
  readMetadata,
} from '#client';
import { KafkaError } from '#protocol';
import type { DirectCluster } from './direct-cluster.ts';
import { type ReadRecord, readRecord } from './record.ts';
import { type WaitOptions, waitUntil } from './waiting.ts';

export interface RecordsOptions extends WaitOptions {
  /** Where to begin: at the 'start' (the default) or 'end' of each partition, at an offset, or at the first records of a time. */
  readonly from?: 'start' | 'end' | bigint | number | Date;
  /** How many to wait for. */
  readonly n?: number;
  /** Wait until this holds of what was read so far. */
  readonly until?: (records: readonly ReadRecord[]) => boolean;
  /** Of one partition only. */
  readonly partition?: number;
  /** Default read_committed: what open and aborted transactions have written is not shown. */
  readonly isolation?: Isolation;
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

const partitionBytes = 1024 * 1024;

/** @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION; TimeoutError that tells what was there */
export async function readRecords(cluster: DirectCluster, topic: string, options: RecordsOptions): Promise<ReadRecord[]> {
  const { n, until, isolation = 'read_committed', from = 'start' } = options;
  const reading = new Reading(cluster, isolation, await startOf(cluster, topic, from, isolation, options.partition));
  // Without a wish for more it is what there is at the moment of the call.
  const ends = n === undefined && until === undefined ? await endsOf(cluster, reading.positions, isolation) : undefined;
  const isEnough = () => {
    if (until !== undefined) return until(reading.records);
    return n === undefined ? reading.hasReached(ends!) : reading.records.length >= n;
  };
  const wanted = n === undefined ? (until === undefined ? 'all records' : 'the records') : `${n} ${n === 1 ? 'record' : 'records'}`;
  return waitUntil(
    cluster.clock,
    `${wanted} of topic ${topic}`,
    async () => {
      if (!isEnough()) await reading.readOn();
      if (!isEnough()) return reading.seen(n);
      const records = inOrder(reading.records);
      return { found: n === undefined ? records : records.slice(0, n) };
    },
    options,
  );
}

async function startOf(
  cluster: DirectCluster,
  topic: string,
  from: NonNullable<RecordsOptions['from']>,
  isolation: Isolation,
  only: number | undefined,
): Promise<Position[]> {
  const found = (await readMetadata(cluster, [topic])).topics.get(topic);
  if (found === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${topic}`);
  const partitions = found.partitions.map(({ partition }) => partition).filter((partition) => only === undefined || partition === only);
  if (partitions.length === 0)
    throw new KafkaError(
      'UNKNOWN_TOPIC_OR_PARTITION',
      `topic ${topic} has ${found.partitions.length} partitions, and no partition ${only}`,
    );
  if (typeof from === 'bigint' || typeof from === 'number')
    return partitions.map((partition) => ({ topic, partition, offset: BigInt(from) }));
  const timestamp = from === 'start' ? earliest : from === 'end' ? latest : BigInt(from.getTime());
  const asked = partitions.map((partition) => ({ topic, partition, timestamp }));
  const offsets = await known(offsetsFor(cluster, asked, isolation));
  // No record is that young: what comes is.
  const ends = offsets.some((offset) => offset < 0n) ? await endsOf(cluster, asked, isolation) : undefined;
  return partitions.map((partition, index) => ({
    topic,
    partition,
    offset: offsets[index]! < 0n ? ends!.get(partition)! : offsets[index]!,
  }));
}

async function endsOf(
  cluster: DirectCluster,
  places: Iterable<{ readonly topic: string; readonly partition: number }>,
  isolation: Isolation,
): Promise<Map<number, bigint>> {
  const asked = Array.from(places, ({ topic, partition }) => ({ topic, partition, timestamp: latest }));
  const offsets = await known(offsetsFor(cluster, asked, isolation));
  return new Map(asked.map(({ partition }, index) => [partition, offsets[index]!]));
}

async function known(answers: Promise<PartitionAnswer<{ readonly offset: bigint }>[]>): Promise<bigint[]> {
  return (await answers).map((answer) => {
    if ('error' in answer) throw answer.error;
    return answer.value.offset;
  });
}

/** What was read of one topic's partitions so far, and where to go on. */
class Reading {
  readonly records: ReadRecord[] = [];
  readonly #cluster: DirectCluster;
  readonly #isolation: Isolation;
  readonly #offsets = new Map<number, bigint>();
  readonly #topic: string;
  readonly #errors = new Map<number, string>();

  constructor(cluster: DirectCluster, isolation: Isolation, positions: readonly Position[]) {
    this.#cluster = cluster;
    this.#isolation = isolation;
    this.#topic = positions[0]!.topic;
    for (const { partition, offset } of positions) this.#offsets.set(partition, offset);
  }

  get positions(): Position[] {
    return Array.from(this.#offsets, ([partition, offset]) => ({ topic: this.#topic, partition, offset }));
  }

  hasReached(ends: ReadonlyMap<number, bigint>): boolean {
    return [...this.#offsets].every(([partition, offset]) => offset >= (ends.get(partition) ?? 0n));
  }

  /** Takes what there is by now. */
  async readOn(): Promise<void> {
    const positions = this.positions;
    const answers = await askLeaders(this.#cluster, positions, (leader, asked) => this.#fetch(leader, asked));
    for (const [index, answer] of answers.entries()) {
      const { partition, offset } = positions[index]!;
      if ('error' in answer) this.#errors.set(partition, answer.error.message);
      else this.#take(partition, offset, answer.value);
    }
  }

  /** What was seen, for who waits for more. */
  seen(n: number | undefined): string {
    const count = this.records.length;
    const last = this.records.at(-1);
    const values = last === undefined ? '' : `, the last one ${shown(last)}`;
    const places = this.positions.map((place) => `${nameOf(place)} up to offset ${place.offset}`).join(', ');
    const errors = Array.from(this.#errors, ([partition, error]) => `; ${this.#topic}-${partition}: ${error}`).join('');
    return `${count}${n === undefined ? '' : ` of ${n}`}${values} (${places})${errors}`;
  }

  async #fetch(leader: number, asked: readonly Asked<Position>[]): Promise<PartitionAnswer<FetchedPartition>[]> {
    const places = asked.map(({ item, topic, place }) => ({ ...item, topicId: topic.id, leaderEpoch: place.leaderEpoch }));
    const limits = { maxWaitMs: 0, maxBytes: partitionBytes * places.length, partitionBytes };
    const answers = await fetchFrom(this.#cluster, leader, places, { isolation: this.#isolation, ...limits });
    return asked.map(({ item }, index) => {
      const found = answers[index]!;
      // What retention has removed is passed over.
      if (found.errorCode === 'NONE' || (found.errorCode === 'OFFSET_OUT_OF_RANGE' && found.logStartOffset > item.offset))
        return { value: found };
      return failed(found.errorCode, item, `reading at offset ${item.offset}`);
    });
  }

  #take(partition: number, from: bigint, fetched: FetchedPartition): void {
    this.#errors.delete(partition);
    if (fetched.errorCode === 'OFFSET_OUT_OF_RANGE') {
      this.#offsets.set(partition, fetched.logStartOffset);
      return;
    }
    for (const { records, nextOffset } of batchesOf(fetched, from)) {
      for (const record of records) this.records.push(readRecord(this.#topic, partition, record));
      this.#offsets.set(partition, nextOffset);
    }
  }
}

const mostShown = 80;

function shown({ partition, offset, key, value }: ReadRecord): string {
  const text = JSON.stringify({ partition, offset: Number(offset), key, value });
  return text.length > mostShown ? `${text.slice(0, mostShown)}...` : text;
}

/** By their timestamps, as far as the order within each partition lets that be. */
function inOrder(records: readonly ReadRecord[]): ReadRecord[] {
  const byPartition = [...Map.groupBy(records, ({ partition }) => partition).values()].map((those) => ({ those, next: 0 }));
  const merged: ReadRecord[] = [];
  while (merged.length < records.length) {
    let first: (typeof byPartition)[number] | undefined;
    for (const queue of byPartition) {
      const head = queue.those[queue.next];
      if (head === undefined) continue;
      const best = first?.those[first.next];
      if (best === undefined || head.timestamp < best.timestamp || (head.timestamp === best.timestamp && head.partition < best.partition))
        first = queue;
    }
    merged.push(first!.those[first!.next++]!);
  }
  return merged;
}
