import { zeroUuid } from '#protocol';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import type { TopicPlan } from '../plan/plan.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** Until the topic is there. Gives its id. */
export async function askToCreate(client: SimulatedClient, { name, partitions, replicationFactor, configs }: TopicPlan): Promise<string> {
  for (;;) {
    const response = await client.ask(client.anyBroker(), createTopics, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 5000,
    });
    const answer = response?.topics[0];
    if (answer?.errorCode === 'NONE') return answer.topicId;
    // By an earlier try whose answer was lost.
    const found = answer?.errorCode === 'TOPIC_ALREADY_EXISTS' ? await client.find(name) : undefined;
    if (found !== undefined) return found.topicId;
    await client.pause();
  }
}

/** Until the topic is gone. */
export async function askToDelete(client: SimulatedClient, name: string): Promise<void> {
  for (;;) {
    const response = await client.ask(client.anyBroker(), deleteTopics, { topics: [{ name, topicId: zeroUuid }], timeoutMs: 5000 });
    const errorCode = response?.responses[0]?.errorCode;
    if (errorCode === 'NONE' || errorCode === 'UNKNOWN_TOPIC_OR_PARTITION') return;
    await client.pause();
  }
}
