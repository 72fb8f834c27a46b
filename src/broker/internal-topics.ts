import { createTopics } from '#protocol/apis/create-topics.ts';
import type { Context } from './context.ts';

/** A topic in which a coordinator keeps its state: its name, and the broker configs that shape it. */
export interface InternalTopic {
  readonly name: string;
  readonly partitions: string;
  readonly replicationFactor: string;
  readonly segmentBytes: string;
}

export const offsetsTopic: InternalTopic = {
  name: '__consumer_offsets',
  partitions: 'offsets.topic.num.partitions',
  replicationFactor: 'offsets.topic.replication.factor',
  segmentBytes: 'offsets.topic.segment.bytes',
};

export const transactionsTopic: InternalTopic = {
  name: '__transaction_state',
  partitions: 'transaction.state.log.num.partitions',
  replicationFactor: 'transaction.state.log.replication.factor',
  segmentBytes: 'transaction.state.log.segment.bytes',
};

/** Starts to create the topic, unless that is under way. Who needs it asks again. */
export function createInternalTopic(topic: InternalTopic, context: Context): void {
  const { underWay, log } = context;
  const { name } = topic;
  if (underWay.has(name)) return;
  underWay.add(name);
  void create(topic, context)
    .catch((error: unknown) => log.warn({ topic: name, error: String(error) }, "a coordinator's topic could not be created"))
    .finally(() => underWay.delete(name));
}

async function create(topic: InternalTopic, context: Context): Promise<void> {
  const { configs, image, log } = context;
  const number = (name: string) => configs.brokerNumber(image, name);
  const configured = { 'cleanup.policy': 'compact', 'compression.type': 'producer', 'segment.bytes': String(number(topic.segmentBytes)) };
  const { topics } = await context.sendToController(createTopics, {
    topics: [
      {
        name: topic.name,
        numPartitions: number(topic.partitions),
        replicationFactor: number(topic.replicationFactor),
        assignments: [],
        configs: Object.entries(configured).map(([name, value]) => ({ name, value })),
      },
    ],
    timeoutMs: 5000,
  });
  for (const { errorCode: error, errorMessage: why } of topics) {
    if (error !== 'NONE' && error !== 'TOPIC_ALREADY_EXISTS')
      log.warn({ topic: topic.name, error, why }, "a coordinator's topic could not be created");
  }
}
