import type { MetadataImage } from '#metadata';
import { ownerAddress, topicsToShow } from '../partitions.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** GET /metadata */
export async function metadataRoute(context: RouteContext): Promise<Answer> {
  await untilReady(context);
  return { status: 200, json: ownersAsJson(context.router.image) };
}

/** Written entry by entry, as no object keeps all names in their order: numbers would come first. */
function ownersAsJson(image: MetadataImage): string {
  const entries = topicsToShow(image).map((topic) => {
    const partitions = topic.partitions.map((partition) => ({ partition: partition.partition, broker: ownerAddress(image, partition) }));
    return `${JSON.stringify(topic.name)}:${JSON.stringify(partitions)}`;
  });
  return `{"topic_partitions":{${entries.join(',')}}}`;
}
