import { KafkaError } from '#protocol';
import { incrementalAlterConfigs } from '#protocol/apis/incremental-alter-configs.ts';
import { whyNoCoordinators } from './coordinators.ts';
import type { DirectCluster } from './direct-cluster.ts';
import type { EmbeddedBroker } from './embedded-broker.ts';
import type { Topics } from './options.ts';
import { createTopics, deleteTopics } from './topics.ts';
import { waitUntil } from './waiting.ts';

const brokerResource = 4;
const deleteOperation = 1;
const patienceMs = 10_000;
const mostAttempts = 20;

/** All brokers up and in touch with each other. */
export async function bringBack(cluster: DirectCluster, brokers: readonly EmbeddedBroker[]): Promise<void> {
  for (const broker of brokers) broker.heal();
  await Promise.all(brokers.map((broker) => broker.start()));
  await untilServing(cluster, brokers, patienceMs);
}

/** Every broker is in service, and every other one knows. */
export async function untilServing(
  cluster: DirectCluster,
  brokers: readonly EmbeddedBroker[],
  timeout: number,
  signal?: AbortSignal,
): Promise<void> {
  await waitUntil(cluster.clock, 'all brokers in service', () => whyNotServing(brokers) ?? { found: true }, { timeout, signal });
}

function whyNotServing(brokers: readonly EmbeddedBroker[]): string | undefined {
  for (const { id, router, state, failure } of brokers) {
    if (router === undefined) return `broker ${id} is ${state}${failure === undefined ? '' : `: ${failure}`}`;
    const { ready, why } = router.readiness();
    if (!ready) return `broker ${id}: ${why}`;
  }
  for (const { id, router } of brokers) {
    const absent = brokers.find((other) => router!.image.brokers.get(other.id)?.fenced !== false);
    if (absent !== undefined) return `broker ${id} does not know yet that broker ${absent.id} is in service`;
  }
  return undefined;
}

/**
 * Back to a cluster that was just started: without topics but those it starts with, without groups, transactions, and settings that were changed. The topics in
 * which coordinators keep their state go like all others, and with them every group and transaction, whatever state it is in.
 */
export async function startAnew(cluster: DirectCluster, brokers: readonly EmbeddedBroker[], topics: Topics): Promise<void> {
  await forgetSettings(cluster, brokers);
  for (let attempt = 1; ; attempt++) {
    const { image } = cluster.anyone().router!;
    await deleteTopics(
      cluster,
      image.topics.all().map(({ name }) => name),
    );
    try {
      await Promise.all([createTopics(cluster, topics), untilCoordinated(cluster, patienceMs)]);
      return;
    } catch (error) {
      // A client that is still there asks for the topic that is gone, and brokers make it for whoever asks.
      const isMadeByOthers = error instanceof KafkaError && error.errorName === 'TOPIC_ALREADY_EXISTS';
      if (!isMadeByOthers || attempt === mostAttempts) throw error;
    }
  }
}

export async function untilCoordinated(cluster: DirectCluster, timeout: number, signal?: AbortSignal): Promise<void> {
  await waitUntil(cluster.clock, 'coordinators that answer', async () => (await whyNoCoordinators(cluster)) ?? { found: true }, {
    timeout,
    signal,
  });
}

/** What was changed while the brokers run, of one or of all. */
async function forgetSettings(cluster: DirectCluster, brokers: readonly EmbeddedBroker[]): Promise<void> {
  const { configs } = cluster.anyone().router!.image;
  const resources = ['', ...brokers.map(({ id }) => String(id))].flatMap((resourceName) => {
    const names = [...configs.of('broker', resourceName).keys()];
    if (names.length === 0) return [];
    const entries = names.map((name) => ({ name, configOperation: deleteOperation, value: null }));
    return [{ resourceType: brokerResource, resourceName, configs: entries }];
  });
  if (resources.length > 0) await cluster.send('controller', incrementalAlterConfigs, { resources, validateOnly: false });
}
