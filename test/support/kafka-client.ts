import { type Address, NetworkError, NodeClock, NodeNetwork, silentLogger } from '#platform';
import { batchesIn, type ErrorName, KafkaError, type LogRecord, type RecordBatch, zeroUuid } from '#protocol';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { describeQuorum } from '#protocol/apis/describe-quorum.ts';
import { fetch } from '#protocol/apis/fetch.ts';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { produce } from '#protocol/apis/produce.ts';
import { BrokerClient } from '#transport';

/** How a partition answered to a produce. */
export interface Produced {
  readonly errorCode: ErrorName;
  readonly baseOffset: bigint;
  readonly errorMessage: string | null;
}

/** What a broker says of a partition. */
export interface PartitionState {
  readonly partition: number;
  /** -1 while there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** How a partition answered to a fetch. */
export interface Fetched {
  readonly errorCode: ErrorName;
  readonly highWatermark: bigint;
  /** From the offset asked for. */
  readonly records: LogRecord[];
}

/** Where to fetch. */
export interface FetchFrom {
  readonly partition: number;
  readonly offset: bigint;
  /** The leader, unless it is given. */
  readonly broker?: number;
  /** As real clients do, so that a leader of old says so. */
  readonly leaderEpoch?: number;
  readonly maxWaitMs?: number;
  readonly maxBytes?: number;
}

/** A plain Kafka client for tests: nothing is retried, and every error is told as it came. */
export class KafkaClient {
  readonly #client: BrokerClient;
  readonly #bootstrap: Address[];
  #brokers = new Map<number, Address>();
  #topics = new Map<string, { id: string; partitions: readonly PartitionState[] }>();

  /** @param bootstrap host:port, separated by commas */
  constructor(bootstrap: string, requestTimeoutMs = 20_000) {
    this.#bootstrap = bootstrap.split(',').map((place) => ({ host: place.split(':')[0]!, port: Number(place.split(':')[1]) }));
    const clock = new NodeClock();
    const network = new NodeNetwork({ log: silentLogger });
    this.#client = new BrokerClient({ network, clock, log: silentLogger, clientId: 'test', requestTimeoutMs });
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Asks the first broker that answers for the leaders of all topics. */
  async refresh(): Promise<void> {
    const { brokers, topics } = await this.#anywhere((place) =>
      this.#client.send(place, metadata, { topics: null, allowAutoTopicCreation: false }),
    );
    this.#brokers = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    this.#topics = new Map(
      topics.map(({ name, topicId, partitions }) => [
        name!,
        {
          id: topicId,
          partitions: partitions.map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) => ({
            partition: partitionIndex,
            leader: leaderId,
            leaderEpoch,
            replicas: replicaNodes,
            isr: isrNodes,
          })),
        },
      ]),
    );
  }

  /** As of the last refresh; empty when the topic is not known. */
  partitionsOf(topic: string): readonly PartitionState[] {
    return this.#topics.get(topic)?.partitions ?? [];
  }

  /** Who leads the metadata log; -1 while nobody does. */
  async controller(): Promise<number> {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    const answer = await this.#anywhere((place) => this.#client.send(place, describeQuorum, { topics }));
    return answer.topics[0]?.partitions[0]?.leaderId ?? -1;
  }

  /** Who coordinates a group; -1 while nobody does. */
  async coordinatorOf(group: string): Promise<number> {
    const answer = await this.#anywhere((place) => this.#client.send(place, findCoordinator, { coordinatorKeys: [group] }));
    return answer.coordinators[0]?.nodeId ?? -1;
  }

  /** As of the last refresh. */
  get topics(): string[] {
    return [...this.#topics.keys()];
  }

  async createTopic(name: string, numPartitions: number, configs: Record<string, string> = {}): Promise<ErrorName> {
    const topic = {
      name,
      numPartitions,
      replicationFactor: -1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    };
    const answer = await this.#anywhere((place) => this.#client.send(place, createTopics, { topics: [topic], timeoutMs: 15_000 }));
    return answer.topics[0]!.errorCode;
  }

  async initProducerId(): Promise<{ errorCode: ErrorName; producerId: bigint; producerEpoch: number }> {
    return await this.#anywhere((place) =>
      this.#client.send(place, initProducerId, { transactionalId: null, transactionTimeoutMs: 60_000 }),
    );
  }

  /** Sends these bytes to the partition's leader. @throws NetworkError when the outcome is unknown */
  async produce(topic: string, partition: number, records: Buffer | null): Promise<Produced> {
    const { place, id } = await this.#leader(topic, partition);
    const topicData = [{ name: topic, topicId: id, partitionData: [{ index: partition, records }] }];
    const answer = await this.#client.send(place, produce, { transactionalId: null, acks: -1, timeoutMs: 15_000, topicData });
    return answer.responses[0]!.partitionResponses[0]!;
  }

  /** Asks one broker, once. @throws NetworkError; KafkaError LEADER_NOT_AVAILABLE without a leader, CORRUPT_MESSAGE for a wrong CRC */
  async fetchFrom(topic: string, from: FetchFrom): Promise<Fetched> {
    const { errorCode, highWatermark, batches } = await this.#fetch(topic, from);
    return { errorCode, highWatermark, records: recordsFrom(batches, from.offset) };
  }

  /** The offset that the next record will get, as the leader of that epoch tells consumers. @throws NetworkError; KafkaError what it answered */
  async endOffset(topic: string, partition: number, leaderEpoch = -1): Promise<bigint> {
    const { place } = await this.#leader(topic, partition);
    const partitions = [{ partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp: -1n }];
    const answer = await this.#client.send(place, listOffsets, { replicaId: -1, topics: [{ name: topic, partitions }] });
    const { errorCode, offset } = answer.topics[0]!.partitions[0]!;
    if (errorCode !== 'NONE') throw new KafkaError(errorCode, `the end of ${topic}-${partition}`);
    return offset;
  }

  /** The batches from the one that holds an offset, at most about 8 MB of them; none at the end. @throws KafkaError what the partition answered */
  async fetchBatches(topic: string, partition: number, fetchOffset: bigint): Promise<RecordBatch[]> {
    const { errorCode, batches } = await this.#fetch(topic, { partition, offset: fetchOffset });
    if (errorCode !== 'NONE') throw new KafkaError(errorCode, `fetch of ${topic}-${partition} at ${fetchOffset}`);
    return batches;
  }

  /** The records of {@link fetchBatches}, those before the offset left out. */
  async fetch(topic: string, partition: number, fetchOffset: bigint): Promise<LogRecord[]> {
    return recordsFrom(await this.fetchBatches(topic, partition, fetchOffset), fetchOffset);
  }

  /** All records from an offset to the end. */
  async *records(topic: string, partition: number, from = 0n): AsyncGenerator<LogRecord, void, undefined> {
    for (let next = from; ; ) {
      const read = await this.fetch(topic, partition, next);
      // After a restart the high watermark may be behind for moments, which ListOffsets refuses to answer in (KIP-207) and Fetch does not tell.
      if (read.length === 0 && next >= (await this.#settledEnd(topic, partition))) return;
      if (read.length === 0) continue;
      yield* read;
      next = read.at(-1)!.offset + 1n;
    }
  }

  async #settledEnd(topic: string, partition: number): Promise<bigint> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        return await this.endOffset(topic, partition);
      } catch (error) {
        if (!(error instanceof KafkaError && error.errorName === 'OFFSET_NOT_AVAILABLE') || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** What a read_committed consumer makes of a partition, from an offset up to the last stable one. @throws KafkaError what the partition answered */
  async committed(topic: string, partition: number, from = 0n): Promise<{ records: LogRecord[]; lastStableOffset: bigint }> {
    const records: LogRecord[] = [];
    for (let offset = from; ; ) {
      const { errorCode, batches, aborted, lastStableOffset } = await this.#fetch(topic, { partition, offset }, 1);
      if (errorCode !== 'NONE') throw new KafkaError(errorCode, `fetch of ${topic}-${partition} at ${offset}`);
      if (batches.length === 0) return { records, lastStableOffset };
      // As clients do it: a producer's records are dropped from the first offset of its aborted transaction to the marker that aborts it.
      const open = new Set<bigint>();
      const waiting = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
      for (const batch of batches) {
        while (waiting.length > 0 && waiting[0]!.firstOffset <= batch.lastOffset) open.add(waiting.shift()!.producerId);
        if (batch.isControl) open.delete(batch.producerId);
        else if (!(batch.isTransactional && open.has(batch.producerId))) records.push(...recordsFrom([batch], offset));
        offset = batch.lastOffset + 1n;
      }
    }
  }

  async #fetch(topic: string, from: FetchFrom, isolationLevel = 0) {
    const { partition, offset, leaderEpoch = -1, maxBytes = 8_388_608, maxWaitMs = 0 } = from;
    const { place, id } = await this.#leader(topic, partition, from.broker);
    const asked = { partition, fetchOffset: offset, currentLeaderEpoch: leaderEpoch, partitionMaxBytes: maxBytes };
    const { responses } = await this.#client.send(place, fetch, {
      maxWaitMs,
      minBytes: maxWaitMs === 0 ? 0 : 1,
      isolationLevel,
      topics: [{ topic, topicId: id, partitions: [asked] }],
      forgottenTopicsData: [],
    });
    const { errorCode, highWatermark, lastStableOffset, abortedTransactions, records } = responses[0]!.partitions[0]!;
    const batches = [...batchesIn(records ?? Buffer.alloc(0))];
    const damaged = batches.find((batch) => !batch.isValidCrc());
    if (damaged !== undefined) throw new KafkaError('CORRUPT_MESSAGE', `batch at ${damaged.baseOffset} of ${topic}-${partition}`);
    return { errorCode, highWatermark, lastStableOffset, aborted: abortedTransactions ?? [], batches };
  }

  async #leader(topic: string, partition: number, broker?: number): Promise<{ place: Address; id: string }> {
    for (const isFresh of [false, true]) {
      if (isFresh) await this.refresh();
      const known = this.#topics.get(topic);
      const place = this.#brokers.get(broker ?? known?.partitions.find((each) => each.partition === partition)?.leader ?? -1);
      if (known !== undefined && place !== undefined) return { place, id: known.id ?? zeroUuid };
    }
    throw new KafkaError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`);
  }

  async #anywhere<T>(ask: (place: Address) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const place of [...this.#bootstrap]) {
      try {
        return await ask(place);
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        last = error;
        // The next call asks another one first: this one may hang.
        if (this.#bootstrap[0] === place) this.#bootstrap.push(this.#bootstrap.shift()!);
      }
    }
    throw last;
  }
}

function recordsFrom(batches: readonly RecordBatch[], offset: bigint): LogRecord[] {
  return batches.flatMap((batch) => [...batch.records()].filter((record) => record.offset >= offset));
}
