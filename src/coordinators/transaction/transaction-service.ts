import type { Clock, Logger } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import { type CoordinatorLog, CoordinatorRuntime, partitionForKey, type Scope } from '../runtime/index.ts';
import type { AddPartitions } from './add-partitions.ts';
import { type MarkersToWrite, needsProducerId, type ProducerAnswer, type TransactionDecision } from './decision.ts';
import type { EndTxn } from './end-txn.ts';
import type { InitProducerId } from './init-producer-id.ts';
import { MarkerSender, type MarkerSenderOptions } from './marker-sender.ts';
import { transactionRecords } from './records.ts';
import type { Producer, Transaction, TransactionRecord } from './transaction.ts';
import { TransactionCoordinator, type TransactionFilter, type TransactionSettings } from './transaction-coordinator.ts';

const transactionStateTopic = '__transaction_state';
const commitTimeoutMs = 5_000;

export interface TransactionServiceOptions extends Omit<MarkerSenderOptions, 'written'> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: TransactionSettings;
  /** transaction.max.timeout.ms */
  readonly maxTimeoutMs: () => number;
  /** How many partitions the topic has; undefined while there is none. */
  readonly partitions: () => number | undefined;
  /** A producer id that nobody had before. */
  readonly nextProducerId: () => Promise<bigint>;
  readonly onBroken: (error: unknown) => void;
}

/** What a producer is told. */
export interface ProducerResult {
  readonly errorCode: ErrorName;
  readonly producer?: Producer;
}

/** The transactions that this broker coordinates: takes the requests to the cores of the partitions it leads, and what those decide to the world. */
export class TransactionService {
  readonly #options: TransactionServiceOptions;
  readonly #runtime: CoordinatorRuntime<TransactionCoordinator, TransactionRecord, MarkersToWrite>;
  readonly #sender: MarkerSender;

  constructor(options: TransactionServiceOptions) {
    this.#options = options;
    const { clock, logger, settings, onBroken } = options;
    this.#sender = new MarkerSender({ ...options, written: (partition, markers) => this.#written(partition, markers) });
    this.#runtime = new CoordinatorRuntime({
      topic: transactionStateTopic,
      clock,
      logger,
      codec: transactionRecords,
      commitTimeoutMs,
      makeCore: () => new TransactionCoordinator(settings),
      carryOut: (partition, effects, leaderEpoch) => this.#sender.write(partition, leaderEpoch, effects),
      onBroken,
    });
  }

  /** This broker leads a partition of the topic, in that epoch. */
  leads(partition: number, leaderEpoch: number, log: CoordinatorLog): void {
    this.#runtime.leads(partition, leaderEpoch, log);
  }

  /** It does not any more. */
  resigns(partition: number): void {
    this.#runtime.resigns(partition);
    this.#sender.resigned(partition);
  }

  close(): void {
    this.#runtime.close();
    this.#sender.close();
  }

  /**
   * The producer of a transactional id; an error code beside it is no failure but what there is to say.
   * @throws KafkaError INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, and those of a coordinator that is not there
   */
  async initProducerId(request: Omit<InitProducerId, 'freshProducerId'>): Promise<ProducerResult> {
    const max = this.#options.maxTimeoutMs();
    if (request.timeoutMs <= 0 || request.timeoutMs > max)
      throw new KafkaError(
        'INVALID_TRANSACTION_TIMEOUT',
        `transaction.timeout.ms=${request.timeoutMs}: it has to lie between 1 and ${max}`,
      );
    return this.#withProducerId(request.transactionalId, (core, scope, freshProducerId) =>
      core.initProducerId({ ...request, freshProducerId }, scope),
    );
  }

  /** @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, and those of a coordinator that is not there */
  async addPartitions(request: AddPartitions): Promise<void> {
    await this.#ask(request.transactionalId, (core, scope) => core.addPartitions(request, scope));
  }

  /** @throws KafkaError the same; TRANSACTION_ABORTABLE when a partition does not take part */
  async verifyPartition(request: Omit<AddPartitions, 'clientVersion'>): Promise<void> {
    await this.#ask(request.transactionalId, (core) => core.verifyPartition(request));
  }

  /** @throws KafkaError the same; INVALID_TXN_STATE */
  endTxn(request: Omit<EndTxn, 'freshProducerId'>): Promise<ProducerResult> {
    return this.#withProducerId(request.transactionalId, (core, scope, freshProducerId) =>
      core.endTxn({ ...request, freshProducerId }, scope),
    );
  }

  /** @throws KafkaError TRANSACTIONAL_ID_NOT_FOUND, and those of a coordinator that is not there */
  async describe(transactionalId: string): Promise<Transaction> {
    return this.#ask(transactionalId, (core) => core.describe(transactionalId));
  }

  /** Those that this broker coordinates. @throws KafkaError COORDINATOR_LOAD_IN_PROGRESS */
  async list(filter: TransactionFilter): Promise<Transaction[]> {
    return (await this.#runtime.askAll((core, scope) => core.list(filter, scope))).flat();
  }

  /** Aborts what takes too long and forgets what nobody has used for too long, without waiting for the next check. */
  check(): void {
    this.#runtime.tellAll((core, scope) => core.check(scope));
  }

  /** A producer id is asked for only when one is needed, as they are given out once. */
  async #withProducerId(
    transactionalId: string,
    decide: (core: TransactionCoordinator, scope: Scope, freshProducerId: bigint | undefined) => TransactionDecision<ProducerAnswer>,
  ): Promise<ProducerResult> {
    const first = await this.#ask(transactionalId, (core, scope) => decide(core, scope, undefined));
    if (first !== needsProducerId) return first;
    const freshProducerId = await this.#options.nextProducerId();
    const second = await this.#ask(transactionalId, (core, scope) => decide(core, scope, freshProducerId));
    if (second === needsProducerId) throw new KafkaError('UNKNOWN_SERVER_ERROR', 'a producer id was given and asked for again');
    return second;
  }

  async #ask<Response>(
    transactionalId: string,
    decide: (core: TransactionCoordinator, scope: Scope) => TransactionDecision<Response>,
  ): Promise<Response> {
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'a transactional id has at least one character');
    const partitions = this.#options.partitions();
    if (partitions === undefined)
      throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `there is no topic ${transactionStateTopic} yet; FindCoordinator makes it`);
    return this.#runtime.ask(partitionForKey(transactionalId, partitions), decide);
  }

  async #written(partition: number, markers: MarkersToWrite): Promise<void> {
    await this.#runtime.ask(partition, (core, scope) => core.markersWritten(markers, scope));
  }
}
