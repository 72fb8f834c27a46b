import { createTopics } from '#protocol/apis/create-topics.ts';
import type { Context } from './context.ts';
import { createInternalTopic } from './internal-topics.ts';

/**
 * Starts to create topics that a client asked for by name, when auto.create.topics.enable says so. The client is told
 * UNKNOWN_TOPIC_OR_PARTITION meanwhile and asks again, as with Kafka; one creation of a topic is under way at a time.
 */
export function autoCreateTopics(names: readonly string[], context: Context): void {
  if (context.configs.broker(context.image, 'auto.create.topics.enable') !== 'true') return;
  const { underWay } = context;
  const wanted = names.filter((name) => {
    if (!context.may('create', name)) return false;
    const internal = context.coordinators.internalTopic(name);
    if (internal !== undefined) createInternalTopic(internal, context);
    return internal === undefined && !underWay.has(name);
  });
  if (wanted.length === 0) return;
  for (const name of wanted) underWay.add(name);
  void create(wanted, context).finally(() => {
    for (const name of wanted) underWay.delete(name);
  });
}

async function create(names: readonly string[], context: Context): Promise<void> {
  const request = {
    topics: names.map((name) => ({ name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] })),
    timeoutMs: 5000,
  };
  try {
    const { topics } = await context.sendToController(createTopics, request);
    for (const { name: topic, errorCode: error, errorMessage: why } of topics) {
      if (error !== 'NONE' && error !== 'TOPIC_ALREADY_EXISTS')
        context.log.warn({ topic, error, why }, 'a topic could not be created automatically');
    }
  } catch (error) {
    context.log.warn({ topics: names, error: String(error) }, 'topics could not be created automatically');
  }
}
