import { partitionForKey } from '#coordinators';
import type { MetadataImage } from '#metadata';
import { type Clock, type Logger, sleep } from '#platform';
import { asKafkaError, KafkaError } from '#protocol';
import type { AddPartitionsToTxnRequestInput, AddPartitionsToTxnResponse } from '#protocol/apis/add-partitions-to-txn.ts';
import { transactionsTopic } from './internal-topics.ts';

/** What the leader of a partition wants to know of a transaction. */
export interface TransactionQuestion {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly topic: string;
  readonly partition: number;
  /** Whether the partition is to be added, when it does not take part yet (KIP-890). */
  readonly adds: boolean;
}

/** How long the markers of the transaction before may take. */
const completionMs = 1000;
const retryMs = 10;

interface Pending {
  readonly question: TransactionQuestion;
  resolve(): void;
  reject(error: KafkaError): void;
}

export interface TransactionVerifierOptions {
  readonly clock: Clock;
  readonly image: () => MetadataImage;
  readonly log: Logger;
  /** Sends to a broker, which may be this one. */
  readonly send: (brokerId: number, request: AddPartitionsToTxnRequestInput) => Promise<AddPartitionsToTxnResponse>;
}

/** Asks transaction coordinators whether partitions that are led here take part in transactions. Questions of one moment to one broker share a request. */
export class TransactionVerifier {
  readonly #options: TransactionVerifierOptions;
  #pending = new Map<number, Pending[]>();

  constructor(options: TransactionVerifierOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the coordinator says that the partition takes part. For partitions that are to be added the end of the transaction before is waited
   * for, as long as it takes to write markers: clients that are told CONCURRENT_TRANSACTIONS by a produce may wait for seconds.
   * @throws KafkaError what it says otherwise; COORDINATOR_NOT_AVAILABLE, NETWORK_EXCEPTION when it cannot be asked
   */
  async ask(question: TransactionQuestion): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + completionMs;
    for (;;) {
      try {
        return await this.#askOnce(question);
      } catch (error) {
        const mayPass = question.adds && asKafkaError(error).errorName === 'CONCURRENT_TRANSACTIONS' && clock.monotonic() < deadline;
        if (!mayPass) throw error;
        await sleep(clock, retryMs);
      }
    }
  }

  #askOnce(question: TransactionQuestion): Promise<void> {
    return new Promise((resolve, reject) => {
      const brokerId = coordinatorOf(question.transactionalId, this.#options.image());
      if (brokerId === undefined) {
        reject(
          new KafkaError('COORDINATOR_NOT_AVAILABLE', `transactional id ${question.transactionalId} has no coordinator at the moment`),
        );
        return;
      }
      if (this.#pending.size === 0) void Promise.resolve().then(() => this.#sendAll());
      const pending = this.#pending.get(brokerId) ?? [];
      this.#pending.set(brokerId, pending);
      pending.push({ question, resolve, reject });
    });
  }

  #sendAll(): void {
    const all = this.#pending;
    this.#pending = new Map();
    for (const [brokerId, pending] of all) {
      // One transaction may come twice in a moment, as another of its produce requests does; an answer has room for it once.
      for (let rest = pending; rest.length > 0; ) {
        const batch = new Map<string, Pending[]>();
        const later: Pending[] = [];
        for (const one of rest) {
          const { transactionalId } = one.question;
          const sameId = batch.get(transactionalId) ?? [];
          if (sameId.some(({ question }) => !isOfOneTransaction(question, one.question) || isSamePartition(question, one.question)))
            later.push(one);
          else batch.set(transactionalId, [...sameId, one]);
        }
        void this.#send(brokerId, [...batch.values()]);
        rest = later;
      }
    }
  }

  async #send(brokerId: number, transactions: readonly (readonly Pending[])[]): Promise<void> {
    try {
      const { errorCode, resultsByTransaction } = await this.#options.send(brokerId, {
        transactions: transactions.map((pending) => {
          const { transactionalId, producerId, producerEpoch, adds } = pending[0]!.question;
          return { transactionalId, producerId, producerEpoch, verifyOnly: !adds, topics: topicsOf(pending) };
        }),
      });
      if (errorCode !== 'NONE') throw new KafkaError(errorCode);
      for (const { question, resolve, reject } of transactions.flat()) {
        const result = resultsByTransaction
          .find(({ transactionalId }) => transactionalId === question.transactionalId)
          ?.topicResults.find(({ name }) => name === question.topic)
          ?.resultsByPartition.find(({ partitionIndex }) => partitionIndex === question.partition);
        if (result?.partitionErrorCode === 'NONE') resolve();
        else reject(new KafkaError(result?.partitionErrorCode ?? 'UNKNOWN_SERVER_ERROR'));
      }
    } catch (thrown) {
      const error =
        thrown instanceof KafkaError
          ? thrown
          : new KafkaError('NETWORK_EXCEPTION', 'the transaction coordinator did not answer', { cause: thrown });
      this.#options.log.debug({ coordinator: brokerId, error: asKafkaError(error).message }, 'a transaction could not be verified');
      for (const { reject } of transactions.flat()) reject(error);
    }
  }
}

/** The broker that coordinates a transactional id; undefined while there is none. */
export function coordinatorOf(transactionalId: string, image: MetadataImage): number | undefined {
  const partitions = image.topics.byName(transactionsTopic.name)?.partitions;
  if (partitions === undefined) return undefined;
  const leader = partitions[partitionForKey(transactionalId, partitions.length)]?.leader;
  return leader === undefined || leader === -1 ? undefined : leader;
}

function isOfOneTransaction(a: TransactionQuestion, b: TransactionQuestion): boolean {
  return a.producerId === b.producerId && a.producerEpoch === b.producerEpoch && a.adds === b.adds;
}

function isSamePartition(a: TransactionQuestion, b: TransactionQuestion): boolean {
  return a.topic === b.topic && a.partition === b.partition;
}

function topicsOf(pending: readonly Pending[]): { name: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of pending.map(({ question }) => question)) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return Array.from(topics, ([name, partitions]) => ({ name, partitions }));
}
