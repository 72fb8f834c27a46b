/** What tests that need no broker share: a router that answers as it is told. Not part of the program. */
import type { ClusterHealth, RequestRouter, Target } from '#broker';
import type { BrokerImage, MetadataImage, PartitionImage, TopicImage } from '#metadata';
import { type Api, batchesIn, type ErrorName, RecordBatch, type RequestInput, type ResponseOf } from '#protocol';
import type { CreateTopicsRequest } from '#protocol/apis/create-topics.ts';
import type { FetchRequest } from '#protocol/apis/fetch.ts';
import type { ListOffsetsRequest } from '#protocol/apis/list-offsets.ts';
import type { MetadataRequest } from '#protocol/apis/metadata.ts';
import type { ProduceRequest } from '#protocol/apis/produce.ts';

/** One request as a route sent it. */
export interface SentRequest {
  api: string;
  request: unknown;
  to: Target;
}

interface FakeLog {
  batches: Buffer[];
  /** The batches of idempotent producers, by id and first sequence. */
  written: Map<string, bigint>;
  /** The sequence that each producer is to send next. */
  sequences: Map<bigint, number>;
  start: bigint;
  end: bigint;
  abortedTransactions: { producerId: bigint; firstOffset: bigint }[];
}

/** A cluster of three brokers in memory, for tests of the routes: topics go round-robin, every partition is led by its owner. */
export class FakeRouter implements RequestRouter {
  readonly nodeId = 1;
  readonly clusterId = 'fake-cluster';
  readonly sent: SentRequest[] = [];
  /** Under which the brokers 1, 2 and 3 are known. */
  ports = [8080, 8081, 8082];
  readonly hosts = ['localhost', 'localhost', 'localhost'];
  /** Brokers that came back with another data directory than the one that holds their replicas. */
  emptied: number[] = [];
  ready = true;
  /** Called before each request is answered; what it throws or returns is the answer. InitProducerId is answered aside and not among `sent`. */
  intercept: ((sent: SentRequest) => unknown) | undefined;
  /** Brokers that are not in service. */
  down: number[] = [];
  minInsync = 1;
  hasController = true;
  isInTouch = true;
  missing: ClusterHealth = {
    trouble: undefined,
    brokersOutOfService: [],
    partitionsWithoutLeader: 0,
    partitionsBelowMinIsr: 0,
    partitionsUnderReplicated: 0,
  };
  /** What InitProducerId answers while it gives no id. */
  refuseIds: ErrorName | undefined;
  /** Producer ids that were given out. */
  ids = 0;
  readonly #topics = new Map<string, TopicImage>();
  readonly #logs = new Map<string, FakeLog>();

  get image(): MetadataImage {
    const topics = [...this.#topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const brokers = this.ports.map((port, index) => ({
      id: index + 1,
      fenced: this.down.includes(index + 1),
      directories: [this.emptied.includes(index + 1) ? 'another' : `directory-of-${index + 1}`],
      endpoints: [{ name: 'PLAINTEXT', host: this.hosts[index]!, port, securityProtocol: 0 }],
    }));
    return {
      topics: {
        byName: (name: string) => this.#topics.get(name),
        byId: (id: string) => topics.find((topic) => topic.id === id),
        all: () => topics,
      },
      brokers: { get: (id: number) => brokers.find((broker) => broker.id === id), all: () => brokers as unknown as BrokerImage[] },
    } as unknown as MetadataImage;
  }

  addressOf(brokerId: number) {
    return this.image.brokers.get(brokerId)?.endpoints[0];
  }

  readiness(): { ready: boolean; why: string } {
    return this.ready ? { ready: true, why: 'Ready.' } : { ready: false, why: 'The cluster has no controller yet: 1 of 3 brokers is up.' };
  }

  whenReady(_timeoutMs: number): Promise<boolean> {
    return Promise.resolve(this.ready);
  }

  minInsyncReplicas(): number {
    return this.minInsync;
  }

  health(): ClusterHealth {
    return this.missing;
  }

  async send<A extends Api>(api: A, request: RequestInput<A>, to: Target = 'local'): Promise<ResponseOf<A>> {
    if (api.name === 'InitProducerId') return this.#initProducerId() as ResponseOf<A>;
    const sent = { api: api.name, request, to };
    this.sent.push(sent);
    const intercepted = await this.intercept?.(sent);
    return (intercepted ?? this.carryOut(sent)) as ResponseOf<A>;
  }

  /** A topic whose partitions are led by their owners, with `replicas` replicas each, all in sync. */
  addTopic(name: string, partitions: number, replicationFactor = 1): TopicImage {
    const images = Array.from({ length: partitions }, (_, partition) => {
      const owner = (partition % 3) + 1;
      const replicas = Array.from({ length: replicationFactor }, (_, i) => ((owner - 1 + i) % 3) + 1);
      return {
        partition,
        replicas,
        directories: replicas.map((id) => `directory-of-${id}`),
        isr: replicas,
        leader: owner,
        leaderEpoch: 0,
      } as unknown as PartitionImage;
    });
    const topic = { name, id: `id-of-${name}`, partitions: images };
    this.#topics.set(name, topic);
    return topic;
  }

  removeTopic(name: string): void {
    this.#topics.delete(name);
  }

  moveLeader(name: string, partition: number, leader: number, isr?: readonly number[]): void {
    const topic = this.#topics.get(name)!;
    const partitions = topic.partitions.map((image) =>
      image.partition === partition ? { ...image, leader, leaderEpoch: image.leaderEpoch + 1, isr: isr ?? image.isr } : image,
    );
    this.#topics.set(name, { ...topic, partitions });
  }

  /** Does what a request asks for, as the leader would that it was sent to. */
  carryOut({ api, request }: SentRequest): unknown {
    return this.#answer(api, request);
  }

  #initProducerId(): unknown {
    if (this.refuseIds !== undefined) return { errorCode: this.refuseIds, producerId: -1n, producerEpoch: -1 };
    return { errorCode: 'NONE', producerId: BigInt(1000 + this.ids++), producerEpoch: 0 };
  }

  log(topicId: string, partition: number): FakeLog {
    const key = `${topicId}-${partition}`;
    const log = this.#logs.get(key) ?? {
      batches: [],
      written: new Map(),
      sequences: new Map(),
      start: 0n,
      end: 0n,
      abortedTransactions: [],
    };
    this.#logs.set(key, log);
    return log;
  }

  /** Puts a batch into a log as it is, but for its base offset. */
  append(topicId: string, partition: number, records: Buffer, baseOffset?: bigint): bigint {
    const log = this.log(topicId, partition);
    const [batch] = batchesIn(records);
    const base = baseOffset ?? log.end;
    batch!.stamp(base, 0);
    log.batches.push(records);
    log.end = batch!.lastOffset + 1n;
    return base;
  }

  #answer(api: string, request: unknown): unknown {
    if (api === 'CreateTopics') return this.#createTopics(request as CreateTopicsRequest);
    if (api === 'Metadata') return this.#metadata(request as MetadataRequest);
    if (api === 'Produce') return this.#produce(request as ProduceRequest);
    if (api === 'Fetch') return this.#fetch(request as FetchRequest);
    if (api === 'ListOffsets') return this.#listOffsets(request as ListOffsetsRequest);
    throw new Error(`the fake does not know ${api}`);
  }

  #metadata({ topics }: MetadataRequest): unknown {
    const rows = topics!.map(({ name }) => {
      const topic = this.#topics.get(name!);
      return topic === undefined
        ? { name, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] }
        : { name, errorCode: 'NONE', partitions: topic.partitions };
    });
    return { topics: rows };
  }

  #createTopics({ topics }: CreateTopicsRequest): unknown {
    const results = topics.map(({ name, numPartitions }) => {
      if (this.#topics.has(name)) return { name, errorCode: 'TOPIC_ALREADY_EXISTS', errorMessage: null };
      if (!/^[\w.-]{1,249}$/.test(name)) return { name, errorCode: 'INVALID_TOPIC_EXCEPTION', errorMessage: `${name} is no name` };
      this.addTopic(name, numPartitions);
      return { name, errorCode: 'NONE', errorMessage: null };
    });
    return { throttleTimeMs: 0, topics: results };
  }

  #produce({ topicData }: ProduceRequest): unknown {
    const responses = topicData.map(({ topicId, partitionData }) => ({
      topicId,
      partitionResponses: partitionData.map(({ index, records }) => ({
        index,
        errorMessage: null,
        ...this.#appendOnce(topicId, index, records!),
      })),
    }));
    return { responses, throttleTimeMs: 0 };
  }

  /** As a leader does with the batches of an idempotent producer. */
  #appendOnce(topicId: string, partition: number, records: Buffer): { errorCode: ErrorName; baseOffset: bigint } {
    const log = this.log(topicId, partition);
    const { producerId, baseSequence, recordCount } = new RecordBatch(Buffer.from(records), 0);
    const key = `${producerId}/${baseSequence}/${recordCount}`;
    const known = log.written.get(key);
    if (known !== undefined) return { errorCode: 'NONE', baseOffset: known };
    const due = log.sequences.get(producerId);
    if (due !== undefined && due !== baseSequence) return { errorCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER', baseOffset: -1n };
    const offset = this.append(topicId, partition, Buffer.from(records));
    log.written.set(key, offset);
    log.sequences.set(producerId, baseSequence + recordCount);
    return { errorCode: 'NONE', baseOffset: offset };
  }

  #fetch({ topics }: FetchRequest): unknown {
    const responses = topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition, fetchOffset }) => {
        const log = this.log(topicId, partition);
        const outside = fetchOffset < log.start || fetchOffset > log.end;
        const records = log.batches.find((bytes) => [...batchesIn(bytes)].some((batch) => batch.lastOffset >= fetchOffset));
        return {
          partitionIndex: partition,
          errorCode: outside ? 'OFFSET_OUT_OF_RANGE' : 'NONE',
          abortedTransactions: log.abortedTransactions,
          records: outside ? null : (records ?? Buffer.alloc(0)),
        };
      }),
    }));
    return { responses, errorCode: 'NONE', throttleTimeMs: 0 };
  }

  #listOffsets({ topics }: ListOffsetsRequest): unknown {
    const answers = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => {
        const { start, end } = this.log(this.#topics.get(name)!.id, partitionIndex);
        return { partitionIndex, errorCode: 'NONE', offset: timestamp === -2n ? start : end };
      }),
    }));
    return { topics: answers, throttleTimeMs: 0 };
  }
}
