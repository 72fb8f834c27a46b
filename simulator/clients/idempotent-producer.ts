import { addToSequence, buildRecordBatch, isRetriable } from '#protocol';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { produce } from '#protocol/apis/produce.ts';
import type { RecordHistory } from '../checkers/record-history.ts';
import { Violation } from '../violation.ts';
import type { SimulatedClient } from './simulated-client.ts';

interface Place {
  readonly topicId: string;
  readonly partition: number;
  sequence: number;
  /** A batch that was sent and whose fate is not known: sent again until it is. */
  pending: { readonly values: readonly string[]; readonly beyond: bigint } | undefined;
}

/** An idempotent producer with acks=all, one batch in flight per partition, that never gives a batch up while its topic lives. */
export class IdempotentProducer {
  readonly #client: SimulatedClient;
  readonly #history: Pick<RecordHistory, 'attempt' | 'acknowledge'>;
  /** What brokers have lost they cannot know again: then a producer begins anew. */
  readonly #mayLose: boolean;
  readonly #places = new Map<string, Place>();
  #producerId = -1n;
  #counter = 0;
  #lives = 1;

  constructor(client: SimulatedClient, history: Pick<RecordHistory, 'attempt' | 'acknowledge'>, mayLose: boolean) {
    this.#client = client;
    this.#history = history;
    this.#mayLose = mayLose;
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
    const partition = this.#client.random.below(found.partitions.length);
    const leader = found.partitions[partition]?.leader;
    if (leader === undefined) return this.#client.pause();
    const place = this.#placeOf(found.topicId, partition);
    place.pending ??= this.#newBatch(place);
    const { values, beyond } = place.pending;
    const records = buildRecordBatch({
      records: values.map((value) => ({ value: Buffer.from(value), timestamp: BigInt(this.#client.clock.now()) })),
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
      for (const [index, value] of values.entries())
        this.#history.acknowledge(place.topicId, partition, answer.baseOffset + BigInt(index), value, beyond);
      place.sequence = addToSequence(place.sequence, values.length);
      place.pending = undefined;
    } else if (!isRetriable(answer.errorCode)) {
      if (this.#mayLose) return this.#startAnew();
      throw new Violation(
        'I6',
        `${this.#client.name}: ${topic}-${partition} refuses sequence ${place.sequence} with ${answer.errorCode}: ${answer.errorMessage}`,
      );
    }
  }

  /** The program that writes is gone, and another takes its place: what was under way is not sent again. */
  #startAnew(): void {
    this.#places.clear();
    this.#producerId = -1n;
    this.#lives++;
  }

  #newBatch({ topicId, partition }: Place): NonNullable<Place['pending']> {
    const values = Array.from(
      { length: 1 + this.#client.random.below(5) },
      () => `${this.#client.name}.${this.#lives}:${this.#counter++}:${'x'.repeat(this.#client.random.below(300))}`,
    );
    const beyond = values.map((value) => this.#history.attempt(topicId, partition, value))[0]!;
    return { values, beyond };
  }

  #placeOf(topicId: string, partition: number): Place {
    const key = `${topicId}/${partition}`;
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = { topicId, partition, sequence: 0, pending: undefined }));
    return place;
  }
}
