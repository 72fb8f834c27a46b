/** The door to chance. In production it is the system's generator; under a seed every draw repeats. */
export interface Random {
  /** A whole number from 0 up to, not including, `bound` (1..2^32). */
  below(bound: number): number;
  /** A number from 0 up to, not including, 1. */
  fraction(): number;
  /** `length` random bytes. */
  bytes(length: number): Buffer;
  /**
   * A new id in Kafka's text form: 22 characters of base64url. Never one of the reserved ids, and never one that begins with '-'
   * (command lines would take it for a flag), as Kafka's Uuid.randomUuid() promises.
   */
  uuid(): string;
  /** An independent stream; under a seed, equal names give equal streams, and draws from one do not move another. */
  fork(name: string): Random;
}
