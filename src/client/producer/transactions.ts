import { type Api, type ErrorName, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import { addOffsetsToTxn } from '#protocol/apis/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '#protocol/apis/add-partitions-to-txn.ts';
import { endTxn } from '#protocol/apis/end-txn.ts';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { txnOffsetCommit } from '#protocol/apis/txn-offset-commit.ts';
import { tryAgain } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import { coordinatorOf } from '../coordinator.ts';
import type { OffsetToCommit } from '../groups/offsets.ts';
import type { ProducerIdentity } from './partition-sender.ts';

/** After so long without a word the coordinator aborts what is open. */
const transactionTimeoutMs = 60_000;
/** The last versions that leave it to the client to say what takes part, as every cluster since 2.5 understands. */
const maxVersions = { addPartitions: 3, offsetCommit: 4, end: 4, init: 4 };

/** One transaction after the other under a transactional id. Whoever begins with the same id later ends this one. */
export class Transactions {
  readonly transactionalId: string;
  readonly identity: ProducerIdentity;
  readonly #cluster: Cluster;
  /** Partitions of the open transaction; a promise while the coordinator is being told. */
  #joined = new Map<string, Promise<void>>();
  #isOpen = false;

  private constructor(cluster: Cluster, transactionalId: string, identity: ProducerIdentity) {
    this.#cluster = cluster;
    this.transactionalId = transactionalId;
    this.identity = identity;
  }

  /** Takes the transactional id over from whoever had it, and aborts what was open. */
  static async begin(cluster: Cluster, transactionalId: string): Promise<Transactions> {
    const request = { transactionalId, transactionTimeoutMs };
    const { producerId, producerEpoch } = await ask(
      cluster,
      transactionalId,
      initProducerId,
      request,
      ({ errorCode }) => errorCode,
      maxVersions.init,
    );
    return new Transactions(cluster, transactionalId, { producerId, producerEpoch });
  }

  /** Makes a partition part of the open transaction, or of a new one. */
  join(topic: string, partition: number): Promise<void> {
    const name = `${topic}-${partition}`;
    const known = this.#joined.get(name);
    if (known !== undefined) return known;
    this.#isOpen = true;
    const request = {
      ...this.#asBefore4(),
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
      transactions: [],
    };
    const outcome = ({ resultsByTopicV3AndBelow }: ResponseOf<typeof addPartitionsToTxn>) =>
      resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? 'UNKNOWN_SERVER_ERROR';
    const joining = this.#ask(addPartitionsToTxn, request, outcome, maxVersions.addPartitions).then(() => {});
    this.#joined.set(name, joining);
    return joining;
  }

  /** Makes the offsets of a group part of the open transaction: they count when it is committed. */
  async commitOffsets(groupId: string, offsets: readonly OffsetToCommit[]): Promise<void> {
    const { transactionalId, identity } = this;
    this.#isOpen = true;
    await this.#ask(addOffsetsToTxn, { transactionalId, ...identity, groupId }, ({ errorCode }) => errorCode);
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, those]) => ({
      name,
      partitions: those.map(({ partition, offset, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedMetadata: metadata,
      })),
    }));
    await tryAgain(this.#cluster, 'read', async () => {
      const coordinator = await coordinatorOf(this.#cluster, groupId);
      const request = { transactionalId, groupId, ...identity, topics };
      const response = await this.#cluster.send(coordinator, txnOffsetCommit, request, { maxVersion: maxVersions.offsetCommit });
      const errors = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
      const error = errors.find((name) => name !== 'NONE');
      if (error !== undefined) throw new KafkaError(error, `the positions of group ${groupId}`);
    });
  }

  /** Ends the open transaction, if there is one. */
  async end(how: 'commit' | 'abort'): Promise<void> {
    if (!this.#isOpen) return;
    const { transactionalId, identity } = this;
    await this.#ask(endTxn, { transactionalId, ...identity, committed: how === 'commit' }, ({ errorCode }) => errorCode, maxVersions.end);
    this.#joined = new Map();
    this.#isOpen = false;
  }

  #asBefore4() {
    return {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.identity.producerId,
      v3AndBelowProducerEpoch: this.identity.producerEpoch,
    };
  }

  #ask<A extends Api>(api: A, request: RequestInput<A>, outcome: (response: ResponseOf<A>) => ErrorName, maxVersion?: number) {
    return ask(this.#cluster, this.transactionalId, api, request, outcome, maxVersion);
  }
}

/** Asks the coordinator of a transactional id what does no harm when it is asked twice. */
function ask<A extends Api>(
  cluster: Cluster,
  transactionalId: string,
  api: A,
  request: RequestInput<A>,
  outcome: (response: ResponseOf<A>) => ErrorName,
  maxVersion?: number,
): Promise<ResponseOf<A>> {
  return tryAgain(cluster, 'read', async () => {
    const coordinator = await coordinatorOf(cluster, transactionalId, 'transactional id');
    const response = await cluster.send(coordinator, api, request, maxVersion === undefined ? {} : { maxVersion });
    const name = outcome(response);
    if (name !== 'NONE') throw new KafkaError(name, `${api.name} of transactional id ${transactionalId}`);
    return response;
  });
}
