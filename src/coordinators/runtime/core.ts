import type { Decision, Scope } from './decision.ts';

/** Where a record stands in the log. */
export interface RecordPlace {
  readonly offset: bigint;
  /** Of the transaction it belongs to; -1 for none. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** How a transaction ended, by a marker in the log. */
export interface TransactionEnd {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly committed: boolean;
}

/**
 * All that is coordinated through one partition of a coordinator's topic: events in, decisions out. What has to last is changed by {@link replay} alone, so
 * that a replay of the log gives the same state; beside it a core may note what is worth nothing after a move, such as who waits for what. Methods that
 * answer requests are its own.
 */
export interface CoordinatorCore<CoordinatorRecord, Effect = never> {
  /** A record is in the log: of a former life while the log is loaded, or of a decision that was just made. */
  replay(record: CoordinatorRecord, place: RecordPlace): void;
  replayTransactionEnd?(end: TransactionEnd): void;
  /** The whole log was replayed: from here on the core is asked. */
  loaded(scope: Scope): Decision<void, CoordinatorRecord, Effect>;
  /** Monotonic time at which {@link tick} is due; undefined while nothing is. */
  readonly nextDeadline: number | undefined;
  tick(scope: Scope): Decision<void, CoordinatorRecord, Effect>;
}

/** Records as keys and values of the log. */
export interface RecordCodec<CoordinatorRecord> {
  encode(record: CoordinatorRecord): { readonly key: Buffer; readonly value: Buffer | null };
  /** Undefined for a kind that this version does not know: it is left alone, as Kafka does. */
  decode(key: Buffer, value: Buffer | null): CoordinatorRecord | undefined;
}

/** One partition of a coordinator's topic, while this broker leads it. */
export interface CoordinatorLog {
  readonly logStartOffset: bigint;
  readonly logEndOffset: bigint;
  readonly highWatermark: bigint;
  readonly maxBatchBytes: number;
  /** Whole batches of what is committed. */
  read(fetchOffset: bigint): Promise<Buffer>;
  /** Appends one batch at once, or throws and has done nothing. @returns the offset of its last record */
  append(batch: Buffer, options?: { readonly transactionVersion?: number }): bigint;
  /** Calls back when the high watermark has moved. Returns how to stop that. */
  watch(callback: () => void): () => void;
}
