import { addToSequence, buildRecordBatch, type ErrorName } from '#protocol';
import { addOffsetsToTxn } from '#protocol/apis/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '#protocol/apis/add-partitions-to-txn.ts';
import { endTxn } from '#protocol/apis/end-txn.ts';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { produce } from '#protocol/apis/produce.ts';
import { txnOffsetCommit } from '#protocol/apis/txn-offset-commit.ts';
import type { Life } from '../checkers/producer-lives.ts';
import { placeOf, type Transaction, type TransactionHistory } from '../checkers/transaction-history.ts';
import { Violation } from '../violation.ts';
import { CoordinatorLink, groupKey, transactionKey } from './coordinator-link.ts';
import type { KnownTopic, SimulatedClient } from './simulated-client.ts';

/** Somebody else writes under this transactional id, or the coordinator has given this producer up. It has to start anew. */
export class FencedError extends Error {}
/** This transaction can only be aborted. */
export class AbortableError extends Error {}

/** Who commits offsets, when it does so as the member of a group. */
export interface Membership {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generationIdOrMemberEpoch: number;
}

export interface OffsetsToSend {
  readonly group: string;
  readonly topic: string;
  readonly offsets: ReadonlyMap<number, bigint>;
  readonly membership?: Membership;
}

const fencing = new Set<ErrorName>(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING']);
const ofTheGroup = new Set<ErrorName>([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'STALE_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
  'GROUP_ID_NOT_FOUND',
]);
/** Sent, and perhaps carried out all the same. */
const unknownOutcome = new Set<ErrorName | 'no answer'>([
  'no answer',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'UNKNOWN_SERVER_ERROR',
]);
/** The last versions of clients of transaction version 1. */
const ofVersion1 = { produce: 11, addPartitions: 3, addOffsets: 3, endTxn: 4, txnOffsetCommit: 4 };

/** A producer with transactions, of version 1 or 2, as Kafka's clients are: each request is sent until it is answered for good. */
export class TransactionalProducer {
  readonly transactionalId: string;
  readonly #client: SimulatedClient;
  readonly #history: TransactionHistory;
  readonly #version: 1 | 2;
  readonly #timeoutMs: number;
  readonly #coordinator: CoordinatorLink;
  readonly #groups = new Map<string, CoordinatorLink>();
  readonly #topics = new Map<string, KnownTopic>();
  readonly #sequences = new Map<string, number>();
  readonly #added = new Set<string>();
  #producer = { producerId: -1n, producerEpoch: -1 };
  #life: Life | undefined;
  #lives = 0;
  #transaction: Transaction | undefined;
  #hasSentOffsets = false;
  /** Something of the last transaction may still be on its way, and with version 1 could get into the next one. */
  #hasStrays = false;

  constructor(options: {
    client: SimulatedClient;
    history: TransactionHistory;
    transactionalId: string;
    version: 1 | 2;
    timeoutMs: number;
  }) {
    this.#client = options.client;
    this.#history = options.history;
    this.#version = options.version;
    this.#timeoutMs = options.timeoutMs;
    this.transactionalId = options.transactionalId;
    this.#coordinator = new CoordinatorLink(options.client, transactionKey, options.transactionalId);
  }

  get isStarted(): boolean {
    return this.#life !== undefined;
  }

  /** Begins another life, as a program that is started: whoever wrote under this id before is fenced. */
  async start(): Promise<void> {
    this.leave();
    const life = this.#history.lives.begin(this.transactionalId, `${this.#client.name}.${this.#lives++}`);
    await this.#initialize(life);
    this.#life = life;
  }

  /** Goes away in the middle of whatever it does. */
  leave(): void {
    if (this.#transaction !== undefined) this.#history.abandon(this.#transaction);
    this.#transaction = undefined;
    this.#life = undefined;
  }

  begin(): Transaction {
    this.#transaction = this.#history.begin(this.#life!);
    this.#added.clear();
    this.#hasSentOffsets = false;
    return this.#transaction;
  }

  /** Sends values to a partition until they are acknowledged. @throws FencedError, AbortableError */
  async send(topic: string, partition: number, values: readonly string[]): Promise<void> {
    const transaction = this.#transaction!;
    const { topicId } = await this.#find(topic);
    const place = placeOf(topicId, partition);
    if (this.#version === 1) await this.#addPartition(topic, partition);
    for (const value of values) this.#history.send(transaction, place, value);
    const baseSequence = this.#sequences.get(place) ?? 0;
    const records = buildRecordBatch({
      records: values.map((value) => ({ value: Buffer.from(value), timestamp: BigInt(this.#client.clock.now()) })),
      ...this.#producer,
      baseSequence,
      isTransactional: true,
    });
    const baseOffset = await this.#produce(topic, topicId, partition, records);
    this.#sequences.set(place, addToSequence(baseSequence, values.length));
    for (const [index, value] of values.entries()) this.#history.acknowledge(place, baseOffset + BigInt(index), value);
  }

  /** Commits offsets of a group with the transaction. @throws FencedError, AbortableError */
  async sendOffsets({ group, topic, offsets, membership }: OffsetsToSend): Promise<void> {
    const transaction = this.#transaction!;
    const { topicId } = await this.#find(topic);
    if (this.#version === 1) await this.#addOffsets(group);
    this.#hasSentOffsets = true;
    const link = this.#groups.get(group) ?? new CoordinatorLink(this.#client, groupKey, group);
    this.#groups.set(group, link);
    const commits = Array.from(offsets, ([partition, offset]) => ({
      partition,
      commit: this.#history.offsets.commit(group, placeOf(topicId, partition), offset, transaction.id, { transaction }),
    }));
    const partitions = commits.map(({ partition, commit: { offset, id } }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedMetadata: id,
    }));
    const request = {
      transactionalId: this.transactionalId,
      groupId: group,
      ...this.#producer,
      ...membership,
      topics: [{ name: topic, topicId, partitions }],
    };
    const errorOf = (response: { topics: { partitions: { errorCode: ErrorName }[] }[] }) => response.topics[0]?.partitions[0]?.errorCode;
    await this.#until('TxnOffsetCommit', async () => {
      const response = await link.ask(txnOffsetCommit, request, errorOf, this.#upTo('txnOffsetCommit'));
      return this.#errorIn(response, errorOf);
    });
    for (const { commit } of commits) this.#history.offsets.acknowledge(commit);
  }

  /** Says how the transaction ends, until that is answered. @throws FencedError, AbortableError */
  async end(committed: boolean): Promise<'committed' | 'aborted'> {
    const transaction = this.#transaction!;
    // With nothing in it there is nothing to end.
    if (transaction.values.size === 0 && this.#added.size === 0 && !this.#hasSentOffsets) {
      this.leaveTransaction();
      return 'aborted';
    }
    const sentAt = this.#history.clock.tick();
    if (committed) this.#history.askToCommit(transaction);
    else this.#history.abandon(transaction);
    let mayHaveHappened = false;
    let answered: { producerId: bigint; producerEpoch: number } | undefined;
    try {
      await this.#until('EndTxn', async () => {
        const request = { transactionalId: this.transactionalId, ...this.#producer, committed };
        const response = await this.#coordinator.ask(endTxn, request, ({ errorCode }) => errorCode, this.#upTo('endTxn'));
        const error = this.#errorIn(response, ({ errorCode }) => errorCode);
        if (response !== 'not-sent' && unknownOutcome.has(error)) mayHaveHappened = true;
        if (error === 'NONE' && response !== undefined && response !== 'not-sent') answered = response;
        return error;
      });
    } catch (error) {
      // It was refused, and no earlier try can have been carried out.
      if (committed && !mayHaveHappened) this.#history.ended(transaction, 'aborted', sentAt);
      throw error;
    }
    this.#history.ended(transaction, committed ? 'committed' : 'aborted', sentAt);
    this.#takeNextEpoch(answered!);
    await this.#fenceStrays();
    this.leaveTransaction();
    return committed ? 'committed' : 'aborted';
  }

  leaveTransaction(): void {
    this.#transaction = undefined;
    this.#added.clear();
  }

  #takeNextEpoch({ producerId, producerEpoch }: { producerId: bigint; producerEpoch: number }): void {
    if (this.#version === 1) return;
    this.#producer = { producerId, producerEpoch };
    this.#history.lives.goesOn(this.#life!, this.#producer);
    this.#sequences.clear();
  }

  /** With version 1 it asks for another epoch when some request may come late, as it could hit the next transaction (KAFKA-17754). */
  async #fenceStrays(): Promise<void> {
    if (!this.#hasStrays || this.#version === 2) return;
    await this.#initialize(this.#life!, this.#producer);
  }

  async #initialize(life: Life, known?: { producerId: bigint; producerEpoch: number }): Promise<void> {
    let sentAt = 0;
    let answered: { producerId: bigint; producerEpoch: number } | undefined;
    await this.#until('InitProducerId', async () => {
      sentAt = this.#history.clock.tick();
      const request = { transactionalId: this.transactionalId, transactionTimeoutMs: this.#timeoutMs, ...known };
      const response = await this.#coordinator.ask(initProducerId, request, ({ errorCode }) => errorCode);
      const error = this.#errorIn(response, ({ errorCode }) => errorCode);
      if (error === 'NONE') answered = response as typeof answered;
      return error;
    });
    const { producerId, producerEpoch } = answered!;
    this.#producer = { producerId, producerEpoch };
    if (known === undefined) this.#history.lives.started(life, this.#producer, sentAt);
    else this.#history.lives.goesOn(life, this.#producer);
    this.#sequences.clear();
    this.#hasStrays = false;
  }

  async #addPartition(topic: string, partition: number): Promise<void> {
    const key = `${topic}-${partition}`;
    if (this.#added.has(key)) return;
    this.#added.add(key);
    const { producerId, producerEpoch } = this.#producer;
    await this.#until('AddPartitionsToTxn', async () => {
      const request = {
        v3AndBelowTransactionalId: this.transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
      };
      const errorOf = (response: { resultsByTopicV3AndBelow: { resultsByPartition: { partitionErrorCode: ErrorName }[] }[] }) =>
        response.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode;
      const response = await this.#coordinator.ask(addPartitionsToTxn, request, errorOf, this.#upTo('addPartitions'));
      return this.#errorIn(response, errorOf);
    });
  }

  async #addOffsets(groupId: string): Promise<void> {
    if (this.#added.has(groupId)) return;
    this.#added.add(groupId);
    await this.#until('AddOffsetsToTxn', async () => {
      const request = { transactionalId: this.transactionalId, groupId, ...this.#producer };
      const response = await this.#coordinator.ask(addOffsetsToTxn, request, ({ errorCode }) => errorCode, this.#upTo('addOffsets'));
      return this.#errorIn(response, ({ errorCode }) => errorCode);
    });
  }

  async #produce(topic: string, topicId: string, partition: number, records: Buffer): Promise<bigint> {
    let baseOffset = -1n;
    await this.#until('Produce', async () => {
      const leader = (await this.#find(topic)).partitions[partition]?.leader;
      const request = {
        transactionalId: this.transactionalId,
        acks: -1,
        timeoutMs: 2000,
        topicData: [{ name: topic, topicId, partitionData: [{ index: partition, records }] }],
      };
      const response = leader === undefined ? undefined : await this.#client.ask(leader, produce, request, this.#upTo('produce'));
      const answer = response?.responses[0]?.partitionResponses[0];
      if (answer?.errorCode !== 'NONE') this.#topics.delete(topic);
      if (answer?.errorCode === 'NONE') baseOffset = answer.baseOffset;
      return answer?.errorCode ?? 'no answer';
    });
    return baseOffset;
  }

  /** Tries until the answer is one that does not change. @throws FencedError, AbortableError */
  async #until(what: string, attempt: () => Promise<ErrorName | 'no answer'>): Promise<void> {
    for (;;) {
      const error = await attempt();
      if (error === 'NONE') return;
      if (error === 'no answer') this.#hasStrays = true;
      if (fencing.has(error as ErrorName)) throw new FencedError(`${what}: ${error}`);
      if (error === 'TRANSACTION_ABORTABLE' || ofTheGroup.has(error as ErrorName)) throw new AbortableError(`${what}: ${error}`);
      // With version 1 this says that the coordinator has ended the transaction of itself.
      if (error === 'INVALID_TXN_STATE') throw new FencedError(`${what}: ${error}`);
      if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error === 'UNKNOWN_PRODUCER_ID' || error === 'DUPLICATE_SEQUENCE_NUMBER')
        throw new Violation('I6', `${this.#client.name}: ${what} of ${this.transactionalId} is refused with ${error}`);
      await this.#client.pause();
    }
  }

  #errorIn<R>(response: R | undefined | 'not-sent', errorOf: (response: R) => ErrorName | undefined): ErrorName | 'no answer' {
    return response === undefined || response === 'not-sent' ? 'no answer' : (errorOf(response as R) ?? 'no answer');
  }

  async #find(topic: string): Promise<KnownTopic> {
    for (;;) {
      const known = this.#topics.get(topic) ?? (await this.#client.find(topic));
      if (known !== undefined) {
        this.#topics.set(topic, known);
        return known;
      }
      await this.#client.pause();
    }
  }

  #upTo(request: keyof typeof ofVersion1): { maxVersion?: number } {
    return this.#version === 1 ? { maxVersion: ofVersion1[request] } : {};
  }
}
