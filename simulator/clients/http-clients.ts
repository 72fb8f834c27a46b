import type { RecordHistory } from '../checkers/record-history.ts';
import { Violation } from '../violation.ts';
import { exchange, type HttpResponse } from './http-exchange.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** The answers after which nothing was appended, whatever their reason (H1); 504 says that nobody knows. */
const isRefusal = (status: number): boolean => status >= 400 && status !== 504;

/** Produces over HTTP, through any broker: each message once. */
export class HttpProducer {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;
  #counter = 0;

  constructor(client: SimulatedClient, history: RecordHistory) {
    this.#client = client;
    this.#history = history;
  }

  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      if (names.length > 0) await this.#write(this.#client.anyOf(names));
      await this.#client.pause();
    }
  }

  async #write(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    if (found === undefined) return;
    const partition = this.#client.random.below(found.partitions.length);
    const value = `${this.#client.name}:${this.#counter++}:`;
    const beyond = this.#history.attempt(found.topicId, partition, value);
    const body = JSON.stringify({ topic, partition, message: value });
    const response = await exchange(this.#client.platform, this.#client.anyBroker(), { method: 'POST', path: '/produce', body });
    if (response === undefined) return;
    if (response.status === 200) {
      this.#history.acknowledge(found.topicId, partition, offsetIn(response), value, beyond);
    } else if (isRefusal(response.status)) {
      this.#history.refuse(found.topicId, partition, value, `${response.status} ${response.body}`);
    }
  }
}

/** Reads over HTTP, one message after another, through any broker. */
export class HttpReader {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;

  constructor(client: SimulatedClient, history: RecordHistory) {
    this.#client = client;
    this.#history = history;
  }

  async run(topics: () => readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      const names = topics();
      if (names.length > 0) await this.#read(this.#client.anyOf(names));
      await this.#client.pause();
    }
  }

  async #read(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    if (found === undefined) return;
    const partition = this.#client.random.below(found.partitions.length);
    let offset = BigInt(this.#client.random.below(40));
    for (let rounds = 0; rounds < 10 && !this.#client.stopped; rounds++) {
      const path = `/consume?topic=${topic}&partition=${partition}&offset=${offset}`;
      const response = await exchange(this.#client.platform, this.#client.anyBroker(), { method: 'GET', path });
      if (response?.status !== 200) return;
      if (offsetIn(response) !== offset) throw new Violation('H4', `${topic}-${partition}: asked for ${offset}, got ${response.body}`);
      this.#history.read(found.topicId, partition, offset, JSON.parse(response.body).message);
      offset++;
    }
  }
}

function offsetIn({ body }: HttpResponse): bigint {
  return BigInt(/^\{"offset":(\d+)/.exec(body)![1]!);
}
