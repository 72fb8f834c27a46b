import type { MetadataImage } from '#metadata';
import { zeroUuid } from '#protocol';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import { Violation } from '../violation.ts';
import type { SimulatedClient } from './simulated-client.ts';

interface Topic {
  readonly name: string;
  readonly partitions: number;
  created: 'unknown' | 'yes';
  deleted: 'no' | 'unknown' | 'yes';
  topicId: string | undefined;
  /** Requests to create it that were never answered: one may arrive late and make the topic anew after it was deleted. */
  unanswered: number;
}

/** Creates and deletes topics, and knows what must be there in the end (M1, M2, M3). */
export class TopicAdmin {
  readonly #client: SimulatedClient;
  readonly #topics: Topic[] = [];
  readonly #most: number;

  constructor(client: SimulatedClient, most: number) {
    this.#client = client;
    this.#most = most;
  }

  /** Topics that clients may use. */
  usable(): string[] {
    return this.#topics.filter(({ created, deleted }) => created === 'yes' && deleted === 'no').map(({ name }) => name);
  }

  async run(): Promise<void> {
    while (!this.#client.stopped) {
      const draw = this.#client.random.below(10);
      if (this.#topics.length < this.#most && (draw < 5 || this.usable().length === 0)) await this.#create();
      else if (draw === 5) await this.#delete();
      else if (draw === 6) await this.#createAgain();
      for (let i = 0; i < 4; i++) await this.#client.pause();
    }
  }

  async #create(): Promise<void> {
    const topic: Topic = {
      name: `topic-${this.#topics.length}`,
      partitions: 1 + this.#client.random.below(4),
      created: 'unknown',
      deleted: 'no',
      topicId: undefined,
      unanswered: 0,
    };
    this.#topics.push(topic);
    while (topic.created === 'unknown' && !this.#client.stopped) {
      const answer = await this.#askToCreate(topic);
      if (answer?.errorCode === 'NONE') {
        topic.created = 'yes';
        topic.topicId = answer.topicId;
      } else if (answer?.errorCode === 'TOPIC_ALREADY_EXISTS')
        topic.created = 'yes'; // by an earlier try whose answer was lost
      else await this.#client.pause();
    }
  }

  async #createAgain(): Promise<void> {
    const known = this.#topics.find(({ created, deleted }) => created === 'yes' && deleted === 'no');
    if (known === undefined) return;
    const answer = await this.#askToCreate(known);
    if (answer?.errorCode === 'NONE' && known.deleted === 'no') throw new Violation('M2', `${known.name} was created a second time`);
  }

  async #delete(): Promise<void> {
    const known = this.#topics.find(({ created, deleted }) => created === 'yes' && deleted === 'no');
    if (known === undefined) return;
    known.deleted = 'unknown';
    while (known.deleted === 'unknown' && !this.#client.stopped) {
      const response = await this.#client.ask(this.#client.anyBroker(), deleteTopics, {
        topics: [{ name: known.name, topicId: zeroUuid }],
        timeoutMs: 3000,
      });
      const errorCode = response?.responses[0]?.errorCode;
      if (errorCode === 'NONE' || errorCode === 'UNKNOWN_TOPIC_OR_PARTITION') known.deleted = 'yes';
      else await this.#client.pause();
    }
  }

  async #askToCreate(topic: Topic) {
    const { name, partitions } = topic;
    const response = await this.#client.ask(this.#client.anyBroker(), createTopics, {
      topics: [{ name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 3000,
    });
    if (response === undefined) topic.unanswered++;
    return response?.topics[0];
  }

  /** After all is healed: what was acknowledged is so, in the eyes of this broker. */
  checkFinal(broker: string, image: MetadataImage): void {
    for (const { name, created, deleted, topicId, partitions, unanswered } of this.#topics) {
      const found = image.topics.byName(name);
      if (created === 'yes' && deleted === 'no') {
        if (found === undefined) throw new Violation('M2', `${name} was created and is unknown to ${broker}`);
        if (topicId !== undefined && found.id !== topicId)
          throw new Violation('M2', `${name} was created as ${topicId} and is ${found.id} at ${broker}`);
        if (found.partitions.length !== partitions)
          throw new Violation('M2', `${name} has ${found.partitions.length} partitions at ${broker}, not ${partitions}`);
      }
      const madeAnew = unanswered > 0 && found?.id !== topicId;
      if (deleted === 'yes' && found !== undefined && !madeAnew)
        throw new Violation('M3', `${name} was deleted and is still known to ${broker}`);
    }
  }
}
