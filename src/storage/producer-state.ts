import { KafkaError, type RecordBatch } from '#protocol';
import type { ProducerSnapshotEntry } from './producer-snapshot.ts';
import type { AbortedTransaction } from './transaction-index.ts';

/** How many of a producer's last batches are remembered, so that a repeat of one is known. */
const rememberedBatches = 5;
const maximumSequence = 0x7fffffff;
const noSequence = -1;
const noProducerEpoch = -1;

/** Where an append comes from, which decides how much of it is checked. */
export type AppendOrigin = 'client' | 'coordinator' | 'raft-leader' | 'replication';

export interface ProducerBatch {
  lastSequence: number;
  lastOffset: bigint;
  offsetDelta: number;
  timestamp: bigint;
}

/** What is known of one idempotent or transactional producer. */
export interface ProducerState {
  readonly producerId: bigint;
  producerEpoch: number;
  /** Of the coordinator that wrote the last marker; -1 before one. */
  coordinatorEpoch: number;
  /** The greatest timestamp in the last batch or marker. */
  lastTimestamp: bigint;
  /** When it was last heard of, by the wall clock (its records may carry any time); idle for longer than the expiration, it is forgotten. */
  lastSeenMs: number;
  /** The first offset of the open transaction; -1n when none is open. */
  currentTxnFirstOffset: bigint;
  /** The last batches of this epoch, oldest first. */
  batches: ProducerBatch[];
}

interface CompletedTransaction {
  firstOffset: bigint;
  lastOffset: bigint;
}

/** The idempotent producers of one partition, as its log tells them (Kafka's ProducerStateManager). */
export class ProducerStates {
  readonly #producers = new Map<bigint, ProducerState>();
  /** First offsets of open transactions, with their producers. */
  readonly #ongoing = new Map<bigint, bigint>();
  /** Transactions whose marker may not be replicated yet. */
  #completed: CompletedTransaction[] = [];
  /** Of transactions that were completed below it nothing is known: a snapshot tells only those that were open. */
  completeFrom = 0n;
  /** All below is contained. */
  endOffset = 0n;

  get producers(): Iterable<ProducerState> {
    return this.#producers.values();
  }

  get count(): number {
    return this.#producers.size;
  }

  get(producerId: bigint): ProducerState | undefined {
    return this.#producers.get(producerId);
  }

  /** The remembered batch that this one repeats, or undefined. */
  duplicateOf(batch: RecordBatch): ProducerBatch | undefined {
    const state = this.#producers.get(batch.producerId);
    if (!state || state.producerEpoch !== batch.producerEpoch) return undefined;
    const { baseSequence, lastSequence } = batch;
    return state.batches.find((known) => known.lastSequence === lastSequence && firstSequence(known) === baseSequence);
  }

  /**
   * Whether a batch may follow what is known of its producer.
   * @throws KafkaError INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED
   */
  check(batch: RecordBatch, origin: AppendOrigin, transactionVersion = 0): void {
    const state = this.#producers.get(batch.producerId);
    if (!state || origin === 'replication') return;
    if (batch.isControl) checkMarker(batch, state, transactionVersion);
    else checkData(batch, state, origin);
  }

  /** Takes a batch in that is in the log; `batch` has its final offsets. Answers with the transaction it aborted, if it did. */
  apply(batch: RecordBatch, now: number): AbortedTransaction | undefined {
    this.endOffset = batch.lastOffset + 1n;
    if (batch.producerId < 0n) return undefined;
    const state = this.#producers.get(batch.producerId) ?? this.#add(emptyState(batch.producerId));
    state.lastSeenMs = now;
    if (batch.isControl) return this.#applyMarker(batch, state);
    if (batch.producerEpoch !== state.producerEpoch) {
      state.producerEpoch = batch.producerEpoch;
      state.batches = [];
    }
    const { lastOffset, lastSequence } = batch;
    state.lastTimestamp = batch.maxTimestamp;
    state.batches.push({ lastSequence, lastOffset, offsetDelta: batch.lastOffsetDelta, timestamp: batch.maxTimestamp });
    if (state.batches.length > rememberedBatches) state.batches.shift();
    if (batch.isTransactional && state.currentTxnFirstOffset < 0n) {
      state.currentTxnFirstOffset = batch.baseOffset;
      this.#ongoing.set(batch.baseOffset, state.producerId);
    }
    return undefined;
  }

  /**
   * The first offset whose fate is open: of a transaction without a marker, or whose marker is not below `highWatermark`. Undefined when
   * there is none.
   */
  firstUnstableOffset(highWatermark: bigint): bigint | undefined {
    this.#completed = this.#completed.filter((transaction) => transaction.lastOffset >= highWatermark);
    let first: bigint | undefined;
    for (const offset of this.#ongoing.keys()) if (first === undefined || offset < first) first = offset;
    for (const { firstOffset } of this.#completed) if (first === undefined || firstOffset < first) first = firstOffset;
    return first;
  }

  /** Forgets producers that were idle for longer than `expirationMs` and have no transaction open. */
  expire(now: number, expirationMs: number): void {
    for (const state of this.#producers.values()) {
      if (isExpired(state, now, expirationMs)) this.#producers.delete(state.producerId);
    }
  }

  snapshot(): ProducerSnapshotEntry[] {
    return Array.from(this.#producers.values(), (state) => {
      const last = state.batches.at(-1);
      return {
        producerId: state.producerId,
        producerEpoch: state.producerEpoch,
        lastSequence: last?.lastSequence ?? noSequence,
        lastOffset: last?.lastOffset ?? -1n,
        offsetDelta: last?.offsetDelta ?? 0,
        timestamp: state.lastTimestamp,
        coordinatorEpoch: state.coordinatorEpoch,
        currentTxnFirstOffset: state.currentTxnFirstOffset,
      };
    });
  }

  /** Begins again from what a snapshot at `offset` holds; nothing without entries. */
  reset(offset: bigint, now: number, entries: readonly ProducerSnapshotEntry[] = []): void {
    this.#producers.clear();
    this.#ongoing.clear();
    this.#completed = [];
    this.endOffset = offset;
    this.completeFrom = entries.some(({ coordinatorEpoch }) => coordinatorEpoch >= 0) ? offset : 0n;
    for (const entry of entries) {
      const { lastSequence, lastOffset, offsetDelta, timestamp } = entry;
      const state = this.#add(emptyState(entry.producerId));
      state.producerEpoch = entry.producerEpoch;
      state.coordinatorEpoch = entry.coordinatorEpoch;
      state.lastTimestamp = timestamp;
      state.lastSeenMs = now;
      state.currentTxnFirstOffset = entry.currentTxnFirstOffset;
      if (lastOffset >= 0n) state.batches.push({ lastSequence, lastOffset, offsetDelta, timestamp });
      if (entry.currentTxnFirstOffset >= 0n) this.#ongoing.set(entry.currentTxnFirstOffset, entry.producerId);
    }
  }

  /**
   * A snapshot tells the last batch of each producer only; this puts the ones before it, which are in the log still, in front of it, so that
   * a repeat of them is known too. Batches come in the order of the log.
   */
  recall(earlier: ReadonlyMap<bigint, readonly (ProducerBatch & { producerEpoch: number })[]>): void {
    for (const [producerId, batches] of earlier) {
      const state = this.#producers.get(producerId);
      const first = state?.batches[0];
      if (!state || !first) continue;
      const before = batches.filter((batch) => batch.producerEpoch === state.producerEpoch && batch.lastOffset < first.lastOffset);
      state.batches = [...before.map(({ producerEpoch: _, ...batch }) => batch), ...state.batches].slice(-rememberedBatches);
    }
  }

  #add(state: ProducerState): ProducerState {
    this.#producers.set(state.producerId, state);
    return state;
  }

  #applyMarker(batch: RecordBatch, state: ProducerState): AbortedTransaction | undefined {
    const marker = readMarker(batch);
    if (!marker) return undefined;
    if (batch.producerEpoch !== state.producerEpoch) {
      state.producerEpoch = batch.producerEpoch;
      state.batches = [];
    }
    state.coordinatorEpoch = Math.max(state.coordinatorEpoch, marker.coordinatorEpoch);
    state.lastTimestamp = batch.maxTimestamp;
    const firstOffset = state.currentTxnFirstOffset;
    if (firstOffset < 0n) return undefined;
    state.currentTxnFirstOffset = -1n;
    this.#ongoing.delete(firstOffset);
    this.#completed.push({ firstOffset, lastOffset: batch.lastOffset });
    if (marker.commit) return undefined;
    let lastStableOffset = batch.lastOffset + 1n;
    for (const offset of this.#ongoing.keys()) if (offset < lastStableOffset) lastStableOffset = offset;
    return { producerId: state.producerId, firstOffset, lastOffset: batch.lastOffset, lastStableOffset };
  }
}

function checkData(batch: RecordBatch, state: ProducerState, origin: AppendOrigin): void {
  const { producerId, producerEpoch, baseSequence } = batch;
  if (producerEpoch < state.producerEpoch) {
    throw new KafkaError('INVALID_PRODUCER_EPOCH', `Producer ${producerId} has epoch ${state.producerEpoch}; ${producerEpoch} is fenced`);
  }
  if (origin === 'client') {
    const last = state.batches.at(-1)?.lastSequence ?? noSequence;
    const followsNothing = state.producerEpoch === noProducerEpoch;
    const expected = producerEpoch !== state.producerEpoch || last === maximumSequence ? 0 : last + 1;
    if (!followsNothing && baseSequence !== expected) {
      throw new KafkaError(
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
        `Producer ${producerId} with epoch ${producerEpoch} sent sequence ${baseSequence} where ${expected} is due`,
      );
    }
  }
  if (state.currentTxnFirstOffset >= 0n && !batch.isTransactional) {
    throw new KafkaError('INVALID_TXN_STATE', `Producer ${producerId} has a transaction open; a batch outside of it is not allowed`);
  }
}

function checkMarker(batch: RecordBatch, state: ProducerState, transactionVersion: number): void {
  const { producerId, producerEpoch } = batch;
  const repeated = producerEpoch === state.producerEpoch && state.currentTxnFirstOffset < 0n;
  const late = transactionVersion >= 2 ? producerEpoch <= state.producerEpoch && !repeated : producerEpoch < state.producerEpoch;
  if (late) {
    throw new KafkaError(
      'INVALID_PRODUCER_EPOCH',
      `A marker of producer ${producerId} has epoch ${producerEpoch}; it is at ${state.producerEpoch}`,
    );
  }
  const marker = readMarker(batch);
  if (marker && marker.coordinatorEpoch < state.coordinatorEpoch) {
    throw new KafkaError(
      'TRANSACTION_COORDINATOR_FENCED',
      `A marker of producer ${producerId} has coordinator epoch ${marker.coordinatorEpoch}; it is at ${state.coordinatorEpoch}`,
    );
  }
}

/** The content of a transaction's end marker; undefined for an empty batch (compaction removed it) or another kind of control record. */
function readMarker(batch: RecordBatch): { commit: boolean; coordinatorEpoch: number } | undefined {
  for (const { key, value } of batch.records()) {
    if (!key || key.length < 4 || !value || value.length < 6) return undefined;
    const type = key.readInt16BE(2);
    return type === 0 || type === 1 ? { commit: type === 1, coordinatorEpoch: value.readInt32BE(2) } : undefined;
  }
  return undefined;
}

function firstSequence({ lastSequence, offsetDelta }: ProducerBatch): number {
  return lastSequence >= offsetDelta ? lastSequence - offsetDelta : maximumSequence - (offsetDelta - lastSequence) + 1;
}

function isExpired(state: ProducerState, now: number, expirationMs: number): boolean {
  return state.currentTxnFirstOffset < 0n && now - state.lastSeenMs >= expirationMs;
}

function emptyState(producerId: bigint): ProducerState {
  return {
    producerId,
    producerEpoch: noProducerEpoch,
    coordinatorEpoch: -1,
    lastTimestamp: -1n,
    lastSeenMs: 0,
    currentTxnFirstOffset: -1n,
    batches: [],
  };
}
