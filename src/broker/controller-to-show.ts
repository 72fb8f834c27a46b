import type { Context } from './context.ts';

/**
 * The broker that clients are to send admin requests to. Any broker takes them, so it is one that is in service for certain: the controller
 * when it is, else this broker, else the first that is; -1 when none is.
 */
export function controllerToShow({ controllerId, nodeId, image }: Pick<Context, 'controllerId' | 'nodeId' | 'image'>): number {
  const isAlive = (id: number) => image.brokers.get(id)?.fenced === false;
  if (isAlive(controllerId)) return controllerId;
  if (isAlive(nodeId)) return nodeId;
  return image.brokers.all().find(({ fenced }) => !fenced)?.id ?? -1;
}
