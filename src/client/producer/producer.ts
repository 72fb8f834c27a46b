import { type Codec, KafkaError, type RecordInput } from '#protocol';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { tryAgain } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import type { KnownTopic } from '../metadata.ts';
import { Leaders, PartitionSender, type ProducerIdentity } from './partition-sender.ts';

/** Half of what a topic takes by default, as batches grow a little while they are built. */
const defaultBatchBytes = 512 * 1024;
/** More than this is not kept waiting for answers. */
const mostWaitingBytes = 32 * 1024 * 1024;
/** What a record takes beside its bytes, roughly. */
const overheadPerRecord = 20;
const overheadPerHeader = 4;

export interface ProducerOptions {
  readonly cluster: Cluster;
  readonly topic: KnownTopic;
  /** 1 when the leader has it, -1 (the default) when all replicas in sync have. */
  readonly acks?: 1 | -1;
  readonly compression?: Codec;
  readonly batchBytes?: number;
  /** Without one a batch whose answer got lost is not sent again. */
  readonly identity?: ProducerIdentity | undefined;
  readonly transactionalId?: string;
  /** Done before each batch, as to make its partition part of a transaction. */
  readonly before?: (partition: number) => Promise<void>;
}

/** Writes records to the partitions of one topic in batches. The order within a partition is that of the calls. */
export class Producer {
  readonly topic: KnownTopic;
  readonly #senders: PartitionSender[];
  #waitingBytes = 0;
  #written = 0;
  #failure: { error: unknown } | undefined;
  #onRoom: (() => void)[] = [];

  constructor(options: ProducerOptions) {
    const { cluster, topic, acks = -1, compression = 'none', batchBytes = defaultBatchBytes, identity, transactionalId } = options;
    this.topic = topic;
    const leaders = new Leaders(cluster, topic.name, topic);
    const before = options.before ?? (() => Promise.resolve());
    this.#senders = topic.partitions.map(
      ({ partition }) =>
        new PartitionSender({
          cluster,
          topic: topic.name,
          partition,
          acks,
          compression,
          batchBytes,
          identity,
          transactionalId,
          leaders: (afresh) => leaders.of(afresh),
          before,
          sent: (bytes, records) => this.#sent(bytes, records),
          failed: (error) => this.#fail(error),
        }),
    );
  }

  /** How many records are acknowledged. */
  get written(): number {
    return this.#written;
  }

  /**
   * Takes a record, whose bytes must not change any more.
   * @returns whether its batch is full by it
   * @throws what an earlier one failed with
   */
  add(partition: number, record: RecordInput): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    const sender = this.#senders[partition];
    if (sender === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `${this.topic.name} has no partition ${partition}`);
    const bytes = sizeOf(record);
    this.#waitingBytes += bytes;
    return sender.add(record, bytes);
  }

  /** Undefined while there is room for more; resolves when there is again. */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes < mostWaitingBytes || this.#failure !== undefined) return undefined;
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** Resolves when all records are acknowledged. @throws KafkaError, NetworkError when one cannot be written, or may have been */
  async flush(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.flush()));
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #sent(bytes: number, records: number): void {
    this.#waitingBytes -= bytes;
    this.#written += records;
    if (this.#waitingBytes < mostWaitingBytes / 2) this.#wake();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }
}

/** An identity for a producer without transactions. */
export function newIdentity(cluster: Cluster): Promise<ProducerIdentity> {
  return tryAgain(cluster, 'read', async () => {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
    const { errorCode, producerId, producerEpoch } = await cluster.send('anyone', initProducerId, request);
    if (errorCode !== 'NONE') throw new KafkaError(errorCode, 'an id for this producer');
    return { producerId, producerEpoch };
  });
}

function sizeOf({ key, value, headers }: RecordInput): number {
  let size = overheadPerRecord + (key?.length ?? 0) + (value?.length ?? 0);
  if (headers !== undefined) for (const header of headers) size += overheadPerHeader + header.key.length + (header.value?.length ?? 0);
  return size;
}
