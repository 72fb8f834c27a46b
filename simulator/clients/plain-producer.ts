import { buildRecordBatch, type ErrorName } from '#protocol';
import { produce } from '#protocol/apis/produce.ts';
import type { RecordHistory } from '../checkers/record-history.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** After these it is certain that nothing was appended. Whatever else goes wrong may have happened after the append. */
const certain = new Set<ErrorName>(['NOT_ENOUGH_REPLICAS', 'CORRUPT_MESSAGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP', 'MESSAGE_TOO_LARGE']);

/** A producer without sequence numbers that sends every record once: what it is not told about may be there or not, and never twice. */
export class PlainProducer {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;
  readonly #acks: 0 | 1 | -1;
  #counter = 0;

  constructor(client: SimulatedClient, history: RecordHistory, acks: 0 | 1 | -1) {
    this.#client = client;
    this.#history = history;
    this.#acks = acks;
  }

  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      if (names.length > 0) await this.#write(this.#client.anyOf(names));
      if (names.length === 0 || this.#client.random.below(2) === 0) await this.#client.pause();
    }
  }

  async #write(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    const partition = this.#client.random.below(found?.partitions.length ?? 1);
    const leader = found?.partitions[partition]?.leader;
    if (found === undefined || leader === undefined) return this.#client.pause();
    const values = Array.from({ length: 1 + this.#client.random.below(3) }, () => `${this.#client.name}:${this.#counter++}:`);
    const beyond = values.map((value) => this.#history.attempt(found.topicId, partition, value))[0]!;
    const records = buildRecordBatch({
      records: values.map((value) => ({ value: Buffer.from(value), timestamp: BigInt(this.#client.clock.now()) })),
    });
    const asked = this.#client.ask(leader, produce, {
      transactionalId: null,
      acks: this.#acks,
      timeoutMs: 2000,
      topicData: [{ topicId: found.topicId, partitionData: [{ index: partition, records }] }],
    });
    const answer = this.#acks === 0 ? void asked : (await asked)?.responses[0]?.partitionResponses[0];
    if (answer === undefined) return;
    for (const [index, value] of values.entries()) {
      const offset = answer.baseOffset + BigInt(index);
      if (certain.has(answer.errorCode)) this.#history.refuse(found.topicId, partition, value, answer.errorCode);
      else if (answer.errorCode !== 'NONE') continue;
      else if (this.#acks === 1) this.#history.acknowledgeWeakly(found.topicId, partition, offset, value);
      else this.#history.acknowledge(found.topicId, partition, offset, value, beyond);
    }
  }
}
