import type { Address } from '#platform';
import { type BrokerConfig, listenerName, loopbackHosts } from './config.ts';

/** What Kafka keeps in server.properties and here comes from elsewhere, so that DescribeConfigs can tell it. */
export function describeListeners(
  properties: Map<string, string>,
  { nodeId, hosts = loopbackHosts, directory }: BrokerConfig,
  advertised: Address,
): void {
  const listener = (host: string) => `${listenerName}://${host.includes(':') ? `[${host}]` : host}:${advertised.port}`;
  properties.set('node.id', String(nodeId));
  properties.set('broker.id', String(nodeId));
  properties.set('listeners', hosts.map(listener).join(','));
  properties.set('advertised.listeners', listener(advertised.host));
  properties.set('log.dirs', directory);
}
