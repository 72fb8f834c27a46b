import type { RequestRouter } from '#broker';
import type { Address } from '#platform';
import { ownerAddress, topicsToShow } from '../partitions.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** GET /metadata */
export async function metadataRoute(context: RouteContext, local: Address | undefined): Promise<Answer> {
  await untilReady(context);
  return { status: 200, json: ownersAsJson(context.router, local) };
}

/** Written entry by entry, as no object keeps all names in their order: numbers would come first. */
function ownersAsJson(router: RequestRouter, local: Address | undefined): string {
  const entries = topicsToShow(router.image).map((topic) => {
    const partitions = topic.partitions.map((partition) => ({
      partition: partition.partition,
      broker: ownerAddress(router, partition, local),
    }));
    return `${JSON.stringify(topic.name)}:${JSON.stringify(partitions)}`;
  });
  return `{"topic_partitions":{${entries.join(',')}}}`;
}
