import { KafkaError, type RecordInput } from '#protocol';
import type { Cluster } from '../cluster.ts';
import { committedOffsets, type OffsetToCommit } from '../groups/offsets.ts';
import { latest, offsetsFor } from '../list-offsets.ts';
import type { KnownTopic } from '../metadata.ts';
import { Producer, type ProducerOptions } from './producer.ts';
import { Transactions } from './transactions.ts';

export interface ExactCopyOptions extends Pick<ProducerOptions, 'compression' | 'batchBytes'> {
  readonly cluster: Cluster;
  /** Names the copy: it is a transactional id and a group of the target. */
  readonly name: string;
  readonly target: KnownTopic;
  /** What is copied, in words that are the same whenever the copy goes on. Undefined when that is not known yet. */
  readonly source: string | undefined;
  /** A new copy may add to a target that has records already. */
  readonly mayAppend: boolean;
}

/** Why a copy is not begun. */
export class CopyRefused extends Error {}

/**
 * Writes each record of a source once, however often the writing is broken off and begun again. How far it has come in each partition of the source is kept on the
 * target as offsets of a group (offset p is that of the source's partition p), committed in the same transaction as the records.
 */
export class ExactCopy {
  readonly producer: Producer;
  /** The first offset of each of the source's partitions that the target does not have. */
  readonly positions: Map<number, bigint>;
  /** An earlier run had begun. */
  readonly isContinued: boolean;
  readonly #transactions: Transactions;
  readonly #options: ExactCopyOptions;
  #source: string | undefined;
  #isDirty = false;

  private constructor(options: ExactCopyOptions, transactions: Transactions, positions: Map<number, bigint>, isContinued: boolean) {
    this.#options = options;
    this.#source = options.source;
    this.#transactions = transactions;
    this.positions = positions;
    this.isContinued = isContinued;
    const { cluster, target, compression, batchBytes } = options;
    this.producer = new Producer({
      cluster,
      topic: target,
      ...(compression === undefined ? {} : { compression }),
      ...(batchBytes === undefined ? {} : { batchBytes }),
      identity: transactions.identity,
      transactionalId: transactions.transactionalId,
      before: (partition) => transactions.join(target.name, partition),
    });
  }

  /** Ends whoever copies under the same name, and finds out how far the copy has come. @throws CopyRefused, KafkaError, NetworkError */
  static async begin(options: ExactCopyOptions): Promise<ExactCopy> {
    const { cluster, name, target, source, mayAppend } = options;
    // First this: what an earlier run left open is aborted, and does not count.
    const transactions = await Transactions.begin(cluster, name);
    const committed = (await committedOffsets(cluster, name, true)).filter(({ topic }) => topic === target.name);
    const other = committed.find(({ metadata }) => source !== undefined && metadata !== '' && metadata !== source);
    if (other !== undefined)
      throw new CopyRefused(`Copy "${name}" to ${target.name} is of ${other.metadata}, and not of ${source}. Give this one another name.`);
    if (committed.length === 0 && !mayAppend && (await hasRecords(cluster, target)))
      throw new CopyRefused(
        `${target.name} has records already, and the target knows of no copy "${name}" to it: what they have in common cannot be told. ` +
          'Copy to a new topic, name the copy as it was named when it began, or add to what is there with --append.',
      );
    const positions = new Map(committed.map(({ partition, offset }) => [partition, offset]));
    const before = committed.find(({ metadata }) => metadata !== '')?.metadata;
    const copy = new ExactCopy({ ...options, source: source ?? before }, transactions, positions, committed.length > 0);
    if (committed.length === 0) {
      // From now on whatever is in the target is known to be of this copy.
      for (const { partition } of target.partitions) positions.set(partition, 0n);
      copy.#isDirty = true;
      await copy.commit();
    }
    return copy;
  }

  /** For those who learn it from the first record. @throws CopyRefused when the copy was begun with another source */
  nameSource(source: string): void {
    if (this.#source === source) return;
    if (this.#source !== undefined) throw new CopyRefused(`Copy "${this.#options.name}" is of ${this.#source}, and not of ${source}.`);
    this.#source = source;
  }

  /** @returns whether the target lacks the record at this offset of the source */
  lacks(sourcePartition: number, offset: bigint): boolean {
    return offset >= (this.positions.get(sourcePartition) ?? 0n);
  }

  /** Takes a record; {@link reached} has to follow. */
  add(partition: number, record: RecordInput): boolean {
    return this.producer.add(partition, record);
  }

  /** All of a source's partition below this offset was added. */
  reached(sourcePartition: number, nextOffset: bigint): void {
    if (nextOffset <= (this.positions.get(sourcePartition) ?? -1n)) return;
    this.positions.set(sourcePartition, nextOffset);
    this.#isDirty = true;
  }

  /** What was added so far is in the target, with the positions, when this resolves. Nothing may be added meanwhile. */
  async commit(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    await this.producer.flush();
    const { name, target } = this.#options;
    const offsets: OffsetToCommit[] = [...this.positions].map(([partition, offset]) => ({
      topic: target.name,
      partition,
      offset,
      metadata: this.#source ?? '',
    }));
    await this.#transactions.commitOffsets(name, offsets);
    await this.#transactions.end('commit');
  }

  /** Throws away what was added since the last commit. */
  async abort(): Promise<void> {
    await this.#transactions.end('abort');
  }
}

/** Whether there is, or was, anything in the topic. */
async function hasRecords(cluster: Cluster, { name, partitions }: KnownTopic): Promise<boolean> {
  const asked = partitions.map(({ partition }) => ({ topic: name, partition, timestamp: latest }));
  const ends = await offsetsFor(cluster, asked);
  return ends.some((end) => {
    if ('error' in end) throw new KafkaError(end.error.errorName, end.error.message, { cause: end.error });
    return end.value.offset > 0n;
  });
}
