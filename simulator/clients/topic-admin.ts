import type { MetadataImage } from '#metadata';
import { zeroUuid } from '#protocol';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import type { RecordHistory } from '../checkers/record-history.ts';
import type { AdminAct, TopicPlan, Workload } from '../plan/plan.ts';
import { Violation } from '../violation.ts';
import type { SimulatedClient } from './simulated-client.ts';
import { type ActTopic, topicActs } from './topic-acts.ts';

interface Topic extends ActTopic {
  readonly plan: TopicPlan;
  created: 'unknown' | 'yes';
  deleted: 'no' | 'unknown' | 'yes';
  topicId: string | undefined;
  /** Requests to create one of this name that were never answered: one may arrive late and make the topic anew after it was deleted. */
  unanswered: number;
  /** A request to delete what has its name was never answered: it may arrive late, and would delete another topic of that name. */
  deletedLate: boolean;
  /** Another topic has its name by now. */
  replaced: boolean;
}

/** Creates topics, changes and deletes them, and knows what must be there in the end (M2, M3). */
export class TopicAdmin {
  readonly #client: SimulatedClient;
  readonly #history: RecordHistory;
  readonly #topics: Topic[];
  readonly #acts: readonly AdminAct[];
  readonly #brokers: number;
  readonly #onCreated: (topic: string) => void;

  constructor(options: {
    client: SimulatedClient;
    history: RecordHistory;
    workload: Workload;
    brokers: number;
    /** A creation has just been answered. */
    onCreated: (topic: string) => void;
  }) {
    this.#onCreated = options.onCreated;
    this.#client = options.client;
    this.#history = options.history;
    this.#acts = options.workload.acts;
    this.#brokers = options.brokers;
    this.#topics = options.workload.topics.map((plan) => newTopic(plan));
  }

  /** Topics that clients may use. */
  usable(): string[] {
    return this.#living().map(({ name }) => name);
  }

  /** Those of them that are never deleted: under their names there is never another topic. */
  lasting(): string[] {
    return this.#living()
      .filter((topic) => this.#isLasting(topic))
      .map(({ name }) => name);
  }

  async run(): Promise<void> {
    const waiting = [...this.#topics];
    while (!this.#client.stopped) {
      const next = waiting.length > 0 && (this.usable().length === 0 || this.#client.random.below(2) === 0) ? waiting.shift() : undefined;
      if (next !== undefined) await this.#create(next);
      else if (this.#acts.length > 0) await this.#act(this.#client.anyOf(this.#acts));
      for (let i = 0; i < 4; i++) await this.#client.pause();
    }
  }

  /** Has somebody asked to delete what has that name? */
  mayBeGone(topic: string): boolean {
    return this.#topics.some(({ name, deleted }) => name === topic && deleted !== 'no');
  }

  #living(): Topic[] {
    return this.#topics.filter(({ created, deleted }) => created === 'yes' && deleted === 'no');
  }

  #isLasting(topic: Topic): boolean {
    return topic === this.#topics[0] || !this.#acts.includes('delete-topic');
  }

  async #act(act: AdminAct): Promise<void> {
    if (act === 'delete-topic') return this.#delete();
    if (act === 'create-again') return this.#createAgain();
    if (act === 'create-anew') return this.#createAnew();
    const living = this.#living();
    if (living.length === 0) return;
    await topicActs[act](this.#client.anyOf(living), { client: this.#client, history: this.#history, brokers: this.#brokers });
  }

  async #create(topic: Topic): Promise<void> {
    while (topic.created === 'unknown' && !this.#client.stopped) {
      const answer = await this.#askToCreate(topic);
      if (answer?.errorCode === 'NONE') {
        topic.created = 'yes';
        topic.topicId = answer.topicId;
        this.#onCreated(topic.name);
      } else if (answer?.errorCode === 'TOPIC_ALREADY_EXISTS')
        topic.created = 'yes'; // by an earlier try whose answer was lost
      else await this.#client.pause();
    }
  }

  async #createAgain(): Promise<void> {
    const known = this.#living()[0];
    if (known === undefined) return;
    const answer = await this.#askToCreate(known);
    if (answer?.errorCode === 'NONE' && known.deleted === 'no') throw new Violation('M2', `${known.name} was created a second time`);
  }

  /** Another topic under the name of one that was deleted (M3). */
  async #createAnew(): Promise<void> {
    const gone = this.#topics.find(({ deleted, deletedLate, replaced }) => deleted === 'yes' && !deletedLate && !replaced);
    if (gone === undefined) return;
    gone.replaced = true;
    const topic = { ...newTopic(gone.plan), unanswered: gone.unanswered };
    this.#topics.push(topic);
    await this.#create(topic);
  }

  async #delete(): Promise<void> {
    const known = this.#living().find((topic) => !this.#isLasting(topic));
    if (known === undefined) return;
    known.deleted = 'unknown';
    while (known.deleted === 'unknown' && !this.#client.stopped) {
      const response = await this.#client.ask(this.#client.anyBroker(), deleteTopics, {
        topics: [{ name: known.name, topicId: zeroUuid }],
        timeoutMs: 3000,
      });
      known.deletedLate ||= response === undefined;
      const errorCode = response?.responses[0]?.errorCode;
      if (errorCode === 'NONE' || errorCode === 'UNKNOWN_TOPIC_OR_PARTITION') known.deleted = 'yes';
      else await this.#client.pause();
    }
  }

  async #askToCreate(topic: Topic) {
    const { name, partitions, replicationFactor, configs } = topic.plan;
    const response = await this.#client.ask(this.#client.anyBroker(), createTopics, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 3000,
    });
    if (response === undefined) topic.unanswered++;
    return response?.topics[0];
  }

  /** After all is healed: what was acknowledged is so, in the eyes of this broker. */
  checkFinal(broker: string, image: MetadataImage): void {
    for (const { name, created, deleted, topicId, leastPartitions, mostPartitions, unanswered, replaced } of this.#topics) {
      if (replaced) continue;
      const found = image.topics.byName(name);
      if (created === 'yes' && deleted === 'no') {
        if (found === undefined) throw new Violation('M2', `${name} was created and is unknown to ${broker}`);
        if (topicId !== undefined && found.id !== topicId)
          throw new Violation('M2', `${name} was created as ${topicId} and is ${found.id} at ${broker}`);
        const { length } = found.partitions;
        if (length < leastPartitions || length > mostPartitions)
          throw new Violation('M2', `${name} has ${length} partitions at ${broker}, not ${leastPartitions} to ${mostPartitions}`);
      }
      const madeAnew = unanswered > 0 && found?.id !== topicId;
      if (deleted === 'yes' && found !== undefined && !madeAnew)
        throw new Violation('M3', `${name} was deleted and is still known to ${broker}`);
    }
  }
}

function newTopic(plan: TopicPlan): Topic {
  return {
    plan,
    name: plan.name,
    replicationFactor: plan.replicationFactor,
    created: 'unknown',
    deleted: 'no',
    topicId: undefined,
    unanswered: 0,
    deletedLate: false,
    replaced: false,
    mostPartitions: plan.partitions,
    leastPartitions: plan.partitions,
  };
}
