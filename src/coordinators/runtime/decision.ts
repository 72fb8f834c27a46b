import type { KafkaError } from '#protocol';

/** The time at which a core decides. */
export interface Now {
  /** Milliseconds since 1970: for what is stored and shown. */
  readonly wall: number;
  /** For deadlines: it never jumps. */
  readonly monotonic: number;
}

/** The circumstances of a decision. */
export interface Scope {
  readonly now: Now;
  /** Names the request, for a core that answers it in a later decision. */
  readonly ticket: Ticket;
  /** The epoch in which this broker leads the partition, and so coordinates. Within the life of a core it never falls (KAFKA-9144). */
  readonly leaderEpoch: number;
}

/** A request that waits for its answer. */
export type Ticket = number;

/** The answer to a request that was left waiting. */
export interface Answer {
  readonly ticket: Ticket;
  readonly response: unknown;
}

/** The transaction to which records belong that count only when it is committed. */
export interface InTransaction {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/**
 * What a core has decided. The records are appended as one batch and then given to the core's `replay`; response, answers and effects leave when they, and
 * all that the core was given before, are committed. So nobody ever learns what a power cut or another leader might undo (G3).
 */
export interface Decision<Response, CoordinatorRecord, Effect = never> {
  readonly records: readonly CoordinatorRecord[];
  /** Undefined leaves the request waiting, until a later decision answers its ticket. */
  readonly response?: Response | undefined;
  readonly answers?: readonly Answer[] | undefined;
  /** What the shell is to do, in this order. */
  readonly effects?: readonly Effect[] | undefined;
  readonly transaction?: InTransaction | undefined;
  /** May be appended as several batches, as each record makes sense alone: a crowd of tombstones may be larger than one batch can be (KAFKA-13099). */
  readonly divisible?: boolean | undefined;
  /**
   * Nothing was appended: mends what the core has noted beside its records, and answers who would wait in vain. Whoever asked gets the error
   * anyway. Without it there is nothing to mend.
   */
  readonly failed?: ((error: KafkaError, scope: Scope) => readonly Answer[]) | undefined;
}
