import { appendFileSync } from 'node:fs';

/** A batch that a producer sent, with what it knows of its fate. */
export interface SentBatch {
  /** Names the producer. Its numbers rise by one within a partition. */
  readonly stream: string;
  readonly partition: number;
  /** The number of its first record; the others follow. */
  readonly first: number;
  readonly count: number;
  /**
   * `acknowledged`: all its records are there, once. `unknown`: sent without an answer; they are there once or not at all, and all or none.
   * `refused`: none is there.
   */
  outcome: 'unknown' | 'acknowledged' | 'refused';
  /** Of its first record; undefined also where the broker said that it has the batch, but no longer where (a duplicate). */
  baseOffset: bigint | undefined;
}

/** Is told what a producer sends, and what it learns of it. */
export interface SendLog {
  /** The outcome is unknown until {@link acknowledged} sets it. */
  sent(stream: string, partition: number, first: number, count: number): SentBatch;
  acknowledged(batch: SentBatch, baseOffset: bigint | undefined): void;
}

/** All that was sent, in the order of sending; each acknowledgement is also a line in a file, as evidence outside of the process. */
export class History implements SendLog {
  readonly batches: SentBatch[] = [];
  readonly #file: string | undefined;

  constructor(file?: string) {
    this.#file = file;
  }

  sent(stream: string, partition: number, first: number, count: number): SentBatch {
    const batch: SentBatch = { stream, partition, first, count, outcome: 'unknown', baseOffset: undefined };
    this.batches.push(batch);
    return batch;
  }

  acknowledged(batch: SentBatch, baseOffset: bigint | undefined): void {
    batch.outcome = 'acknowledged';
    batch.baseOffset = baseOffset;
    this.#note(batch);
  }

  refused(batch: SentBatch): void {
    batch.outcome = 'refused';
    this.#note(batch);
  }

  countOf(outcome: SentBatch['outcome']): number {
    return this.batches.reduce((sum, batch) => (batch.outcome === outcome ? sum + batch.count : sum), 0);
  }

  #note({ stream, partition, first, count, outcome, baseOffset }: SentBatch): void {
    if (this.#file === undefined) return;
    appendFileSync(this.#file, `${JSON.stringify({ stream, partition, first, count, outcome, baseOffset: baseOffset?.toString() })}\n`);
  }
}

/** What the record says of itself: which stream wrote it, to which partition, and its number there. The rest is ballast. */
export function valueFor(stream: string, partition: number, number: number, ballast = ''): string {
  return `${stream}/${partition}/${number}/${ballast}`;
}

/** Undoes {@link valueFor}. */
export function parseValue(value: string): { stream: string; partition: number; number: number } | undefined {
  const [stream, partition, number, ballast] = value.split('/');
  if (stream === undefined || ballast === undefined) return undefined;
  return { stream, partition: Number(partition), number: Number(number) };
}
