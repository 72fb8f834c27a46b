import { addToSequence, buildRecordBatch } from '#protocol';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { produce } from '#protocol/apis/produce.ts';
import type { RecordHistory } from '../checkers/record-history.ts';
import { Violation } from '../violation.ts';
import type { SimulatedClient } from './simulated-client.ts';

interface Place {
  topicId: string;
  readonly partition: number;
  sequence: number;
  /** A batch that was sent and whose fate is not known: sent again until it is. */
  pending: readonly string[] | undefined;
}

/** Errors after which the same batch is sent again. */
const retriable = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'REQUEST_TIMED_OUT',
  'KAFKA_STORAGE_ERROR',
  'LEADER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
]);

/** An idempotent producer with acks=all, one batch in flight per partition, that never gives a batch up while its topic lives. */
export class Producer {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;
  readonly #name: string;
  readonly #places = new Map<string, Place>();
  #producerId = -1n;
  #counter = 0;
  #lives = 1;

  constructor(client: SimulatedClient, history: RecordHistory, name: string) {
    this.#client = client;
    this.#history = history;
    this.#name = name;
  }

  /** Writes to the topics that `topics` names, until the client is stopped. */
  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      if (names.length === 0 || (this.#producerId < 0n && !(await this.#init()))) {
        await this.#client.pause();
        continue;
      }
      await this.#write(names[this.#client.random.below(names.length)]!);
      if (this.#client.random.below(3) === 0) await this.#client.pause();
    }
  }

  async #init(): Promise<boolean> {
    const response = await this.#client.ask(this.#client.anyBroker(), initProducerId, { transactionalId: null, transactionTimeoutMs: 0 });
    if (response?.errorCode !== 'NONE') return false;
    this.#producerId = response.producerId;
    return true;
  }

  async #write(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    if (found === undefined) return this.#client.pause();
    const partition = this.#client.random.below(found.leaders.length);
    const leader = found.leaders[partition];
    if (leader === undefined) return this.#client.pause();
    const place = this.#placeOf(found.topicId, partition);
    place.pending ??= this.#newValues(place);
    const { pending } = place;
    const records = buildRecordBatch({
      records: pending.map((value) => ({ value: Buffer.from(value), timestamp: BigInt(this.#client.clock.now()) })),
      producerId: this.#producerId,
      producerEpoch: 0,
      baseSequence: place.sequence,
    });
    const response = await this.#client.ask(leader, produce, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 2000,
      topicData: [{ topicId: place.topicId, partitionData: [{ index: partition, records }] }],
    });
    const answer = response?.responses[0]?.partitionResponses[0];
    if (answer === undefined) {
      if (this.#client.random.below(4) === 0) this.#startAnew();
      return;
    }
    if (answer.errorCode === 'NONE') {
      for (const [index, value] of pending.entries())
        this.#history.acknowledge(place.topicId, partition, answer.baseOffset + BigInt(index), value);
      place.sequence = addToSequence(place.sequence, pending.length);
      place.pending = undefined;
    } else if (!retriable.has(answer.errorCode)) {
      throw new Violation(
        'I6',
        `${this.#name}: ${topic}-${partition} refuses sequence ${place.sequence} with ${answer.errorCode}: ${answer.errorMessage}`,
      );
    }
  }

  /** The program that writes is gone, and another takes its place: what was under way is not sent again. */
  #startAnew(): void {
    this.#places.clear();
    this.#producerId = -1n;
    this.#lives++;
  }

  #newValues(place: Place): string[] {
    const values = Array.from(
      { length: 1 + this.#client.random.below(5) },
      () => `${this.#name}.${this.#lives}:${this.#counter++}:${'x'.repeat(this.#client.random.below(300))}`,
    );
    for (const value of values) this.#history.attempt(place.topicId, place.partition, value);
    return values;
  }

  #placeOf(topicId: string, partition: number): Place {
    const key = `${topicId}/${partition}`;
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = { topicId, partition, sequence: 0, pending: undefined }));
    return place;
  }
}
