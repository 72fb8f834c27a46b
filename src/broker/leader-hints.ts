import type { Context } from './context.ts';

/**
 * Where a partition is led, for a client that asked the wrong broker (KIP-951). Undefined while nobody leads it, or when there is no such partition.
 * @param byId whether the version of the request names topics by id
 */
export function leaderHint(
  topic: { readonly name: string; readonly topicId: string },
  index: number,
  byId: boolean,
  { image }: Pick<Context, 'image'>,
): { leaderId: number; leaderEpoch: number } | undefined {
  const found = byId ? image.topics.byId(topic.topicId) : image.topics.byName(topic.name);
  const partition = found?.partitions[index];
  return partition === undefined || partition.leader === -1
    ? undefined
    : { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch };
}

/** How to reach the leaders that an answer's hints name, each once. */
export function hintedEndpoints(leaderIds: Iterable<number>, context: Pick<Context, 'image' | 'addressOf'>) {
  return [...new Set(leaderIds)].flatMap((nodeId) => {
    const address = context.addressOf(nodeId);
    const rack = context.image.brokers.get(nodeId)?.rack ?? null;
    return address === undefined ? [] : [{ nodeId, host: address.host, port: address.port, rack }];
  });
}
