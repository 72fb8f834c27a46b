import { NetworkError, type Random } from '#platform';
import { addToSequence, buildRecordBatch, type Codec, type ErrorName, isRetriable, KafkaError } from '#protocol';
import type { KafkaClient } from '../support/kafka-client.ts';
import { type SendLog, type SentBatch, valueFor } from './history.ts';

/** As Kafka's own producer: a broker remembers this many batches, so no more may be unanswered. */
const largestWindow = 5;
const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

interface Attempt {
  readonly sent: SentBatch;
  readonly records: Buffer;
}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Of the next record. */
  sequence: number;
  /** A batch of it was acknowledged. */
  isKnown: boolean;
}

/**
 * Writes numbered records to one partition as an idempotent producer does: up to five batches at once, in sequence; what got no answer is
 * sent again with the same sequence, also after the brokers have been killed and started again.
 */
export class IdempotentProducer {
  readonly #client: KafkaClient;
  readonly #history: SendLog;
  readonly #random: Random;
  readonly #topic: string;
  readonly #stream: string;
  readonly #partition: number;
  readonly #restMs: number;
  #next = 0;
  #id: Identity | undefined;
  /** Unanswered, in sequence. */
  #window: Attempt[] = [];
  #isStopped = true;
  #running: Promise<void> = Promise.resolve();
  /** What no correct broker answers. */
  readonly problems: string[] = [];

  /** @param options.restMs how long it rests between batches that went together; not at all unless given */
  constructor(options: {
    client: KafkaClient;
    history: SendLog;
    random: Random;
    topic: string;
    stream: string;
    partition: number;
    restMs?: number;
  }) {
    this.#client = options.client;
    this.#history = options.history;
    this.#random = options.random;
    this.#topic = options.topic;
    this.#stream = options.stream;
    this.#partition = options.partition;
    this.#restMs = options.restMs ?? 0;
  }

  /** Writes until it is stopped. */
  start(): void {
    this.#isStopped = false;
    this.#running = this.#run();
  }

  /** Ends after the answers that are still to come; what gets none is kept for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Sends nothing more, but sees to it that everything sent is answered. @throws when that takes too long */
  async settle(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#window.length > 0) {
      if (performance.now() > deadline) throw new Error(`${this.#stream}: ${this.#window.length} batches got no answer in ${timeoutMs} ms`);
      await this.#resend();
    }
  }

  /** Forgets what got no answer and goes on under another producer id, as a producer process that was started again. */
  startAnew(): void {
    this.#window = [];
    this.#id = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped && this.problems.length === 0) {
      if (this.#window.length > 0) await this.#resend();
      else await this.#sendSome();
      if (this.#restMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#restMs));
    }
  }

  async #sendSome(): Promise<void> {
    const id = await this.#producerId();
    if (id === undefined) return;
    // The first batch alone: only then does the broker know the sequence that the others must follow.
    const count = id.isKnown ? 1 + this.#random.below(largestWindow) : 1;
    for (let i = 0; i < count; i++) this.#window.push(this.#nextBatch(id));
    await Promise.all(this.#window.map((attempt) => this.#send(attempt)));
    this.#window = this.#window.filter(({ sent }) => sent.outcome === 'unknown');
    if (this.#window.length === 0) id.isKnown = true;
  }

  /** One after the other, so that none overtakes the one before it. */
  async #resend(): Promise<void> {
    while (this.#window.length > 0) {
      const attempt = this.#window[0]!;
      const error = await this.#send(attempt);
      if (error !== undefined) {
        if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error === 'UNKNOWN_PRODUCER_ID') {
          this.problems.push(`${this.#stream}: the broker lacks what it acknowledged before ${attempt.sent.first}: ${error}`);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 30));
        await this.#client.refresh().catch(() => {});
        return;
      }
      this.#window.shift();
    }
    if (this.#id !== undefined) this.#id.isKnown = true;
  }

  /** @returns the error that left the outcome open; undefined when it was acknowledged */
  async #send({ sent, records }: Attempt): Promise<ErrorName | 'no answer' | undefined> {
    try {
      const { errorCode, baseOffset, errorMessage } = await this.#client.produce(this.#topic, this.#partition, records);
      if (errorCode === 'NONE') {
        this.#history.acknowledged(sent, baseOffset);
        return undefined;
      }
      if (errorCode === 'DUPLICATE_SEQUENCE_NUMBER') {
        this.#history.acknowledged(sent, undefined);
        return undefined;
      }
      const isExpected = isRetriable(errorCode) || errorCode === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || errorCode === 'UNKNOWN_PRODUCER_ID';
      if (!isExpected) this.problems.push(`${this.#stream}: batch ${sent.first} was answered with ${errorCode}: ${errorMessage}`);
      return errorCode;
    } catch (error) {
      if (error instanceof NetworkError || error instanceof KafkaError) return 'no answer';
      throw error;
    }
  }

  async #producerId(): Promise<Identity | undefined> {
    if (this.#id !== undefined) return this.#id;
    try {
      const { errorCode, producerId, producerEpoch } = await this.#client.initProducerId();
      if (errorCode === 'NONE') return (this.#id = { producerId, producerEpoch, sequence: 0, isKnown: false });
    } catch (error) {
      if (!(error instanceof NetworkError) && !(error instanceof KafkaError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    return undefined;
  }

  #nextBatch(id: Identity): Attempt {
    const count = 1 + this.#random.below(30);
    const sent = this.#history.sent(this.#stream, this.#partition, this.#next, count);
    const records = Array.from({ length: count }, (_, i) => ({
      key: this.#stream,
      value: valueFor(this.#stream, this.#partition, sent.first + i, this.#random.bytes(this.#random.below(200)).toString('hex')),
      timestamp: Date.now(),
    }));
    const { producerId, producerEpoch, sequence } = id;
    const compression = codecs[this.#random.below(codecs.length)]!;
    const batch = buildRecordBatch({ records, producerId, producerEpoch, baseSequence: sequence, compression });
    this.#next += count;
    id.sequence = addToSequence(sequence, count);
    return { sent, records: batch };
  }
}
