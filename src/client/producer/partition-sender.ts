import { NetworkError, sleep, type Timer } from '#platform';
import { addToSequence, buildRecordBatch, type Codec, type ErrorName, isRetriable, KafkaError, type RecordInput } from '#protocol';
import { produce } from '#protocol/apis/produce.ts';
import type { Cluster } from '../cluster.ts';
import { type KnownTopic, readMetadata } from '../metadata.ts';

const pauseMs = 50;
/** Records of an idle partition wait so long for company. */
const lingerMs = 5;

/** Under which name a producer's batches are known, so that a second try is not a second record. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly topic: string;
  readonly partition: number;
  readonly acks: 1 | -1;
  readonly compression: Codec;
  /** A batch is full at so many bytes of records, not compressed. */
  readonly batchBytes: number;
  readonly identity: ProducerIdentity | undefined;
  readonly transactionalId: string | undefined;
  /** Who leads what, as the producer last heard. */
  leaders(afresh: boolean): Promise<KnownTopic | undefined>;
  /** Done before each batch. */
  before(partition: number): Promise<void>;
  sent(bytes: number, records: number): void;
  failed(error: unknown): void;
}

interface Pending {
  readonly records: readonly RecordInput[];
  readonly bytes: number;
}

/** Errors after which nothing was written, for certain. */
const notWritten: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'NOT_ENOUGH_REPLICAS',
  'BROKER_NOT_AVAILABLE',
]);

/** Writes the records of one partition in their order: one batch at a time, and again until it is there. */
export class PartitionSender {
  readonly #options: SenderOptions;
  readonly #full: Pending[] = [];
  #filling: RecordInput[] = [];
  #fillingBytes = 0;
  #sequence = 0;
  #loop: Promise<void> | undefined;
  #linger: Timer | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** @returns whether it was the last that its batch had room for */
  add(record: RecordInput, bytes: number): boolean {
    if (this.#fillingBytes > 0 && this.#fillingBytes + bytes > this.#options.batchBytes) this.#seal();
    this.#filling.push(record);
    this.#fillingBytes += bytes;
    const isFull = this.#fillingBytes >= this.#options.batchBytes;
    if (isFull) this.#seal();
    if (this.#loop === undefined) {
      if (this.#full.length > 0) this.#start();
      else this.#linger ??= this.#options.cluster.clock.after(lingerMs, () => this.#start());
    }
    return isFull;
  }

  /** Resolves when all that was added is written, or the producer has failed. */
  async flush(): Promise<void> {
    this.#start();
    await this.#loop;
  }

  #seal(): void {
    if (this.#filling.length === 0) return;
    this.#full.push({ records: this.#filling, bytes: this.#fillingBytes });
    this.#filling = [];
    this.#fillingBytes = 0;
  }

  #start(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    this.#loop ??= this.#sendAll()
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => {
        this.#loop = undefined;
      });
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      if (this.#full.length === 0) this.#seal();
      const next = this.#full.shift();
      if (next === undefined) return;
      await this.#options.before(this.#options.partition);
      if ((await this.#send(next)) === 'too large') this.#full.unshift(...halves(next));
      else this.#options.sent(next.bytes, next.records.length);
    }
  }

  async #send({ records }: Pending): Promise<'written' | 'too large'> {
    const { cluster, topic, partition, compression, identity, transactionalId } = this.#options;
    const batch = buildRecordBatch({
      records,
      compression,
      ...(identity === undefined ? {} : { ...identity, baseSequence: this.#sequence }),
      isTransactional: transactionalId !== undefined,
    });
    const deadline = cluster.clock.monotonic() + cluster.patienceMs;
    for (let isFirst = true; ; isFirst = false) {
      const outcome = await this.#try(batch, !isFirst);
      if (outcome === 'NONE' || outcome === 'DUPLICATE_SEQUENCE_NUMBER') {
        this.#sequence = addToSequence(this.#sequence, records.length);
        return 'written';
      }
      const isTooLarge = outcome === 'MESSAGE_TOO_LARGE' || outcome === 'RECORD_LIST_TOO_LARGE';
      if (isTooLarge && records.length > 1) return 'too large';
      const failure = outcome instanceof Error ? outcome : new KafkaError(outcome, `writing to ${topic}-${partition}`);
      if (!this.#mayTryAgain(outcome) || cluster.clock.monotonic() + pauseMs > deadline) throw failure;
      await sleep(cluster.clock, pauseMs);
    }
  }

  /** @returns the error that stands in the answer, or why there was none */
  async #try(batch: Buffer, afresh: boolean): Promise<ErrorName | NetworkError | KafkaError> {
    const { cluster, topic, partition, acks, transactionalId } = this.#options;
    try {
      const known = await this.#options.leaders(afresh);
      const place = known?.partitions[partition];
      if (known === undefined || place === undefined)
        return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `${topic}-${partition} is not there`);
      if (place.leader < 0) return new KafkaError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`);
      const request = {
        transactionalId: transactionalId ?? null,
        acks,
        timeoutMs: cluster.patienceMs,
        topicData: [{ name: topic, topicId: known.id, partitionData: [{ index: partition, records: batch }] }],
      };
      // Later versions take partitions into transactions by themselves, where the cluster has that switched on; this way works everywhere.
      const options = transactionalId === undefined ? {} : { maxVersion: 11 };
      const { responses } = await cluster.send(place.leader, produce, request, { channel: `produce-${partition}`, ...options });
      const answer = responses[0]?.partitionResponses[0];
      if (answer === undefined) return 'UNKNOWN_SERVER_ERROR';
      if (answer.errorCode !== 'NONE' && answer.errorMessage)
        return new KafkaError(answer.errorCode, `${topic}-${partition}: ${answer.errorMessage}`);
      return answer.errorCode;
    } catch (error) {
      if (error instanceof NetworkError || error instanceof KafkaError) return error;
      throw error;
    }
  }

  /** Whoever has an identity may send a batch twice; others only what was not written. */
  #mayTryAgain(outcome: ErrorName | Error): boolean {
    if (outcome instanceof NetworkError) return this.#options.identity !== undefined || outcome.code === 'ECONNREFUSED';
    const name = outcome instanceof KafkaError ? outcome.errorName : (outcome as ErrorName);
    return notWritten.has(name) || (this.#options.identity !== undefined && isRetriable(name));
  }
}

function halves({ records, bytes }: Pending): [Pending, Pending] {
  const middle = Math.ceil(records.length / 2);
  const half = Math.ceil(bytes / 2);
  return [
    { records: records.slice(0, middle), bytes: half },
    { records: records.slice(middle), bytes: bytes - half },
  ];
}

/** A topic's leaders, asked for once by all who need them. */
export class Leaders {
  readonly #cluster: Cluster;
  readonly #topic: string;
  #known: Promise<KnownTopic | undefined> | undefined;
  #isFresh = false;

  constructor(cluster: Cluster, topic: string, known: KnownTopic) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#known = Promise.resolve(known);
  }

  /** @param afresh what is known led nowhere. Those who say so together cause one question. */
  of(afresh: boolean): Promise<KnownTopic | undefined> {
    if (this.#known === undefined || (afresh && !this.#isFresh)) {
      this.#isFresh = true;
      const asked = readMetadata(this.#cluster, [this.#topic]).then(({ topics }) => topics.get(this.#topic));
      this.#known = asked;
      const forget = () => {
        this.#isFresh = false;
      };
      asked.then(forget, () => {
        forget();
        this.#known = undefined;
      });
    }
    return this.#known;
  }
}
