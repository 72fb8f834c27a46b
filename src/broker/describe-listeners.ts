import { type BrokerConfig, defaultListenerName, type Endpoint, loopbackHosts } from './config.ts';

/** What Kafka keeps in server.properties and here comes from elsewhere, so that DescribeConfigs can tell it. */
export function describeListeners(
  properties: Map<string, string>,
  { nodeId, hosts = loopbackHosts, listenerName = defaultListenerName, moreListeners = [], directory }: BrokerConfig,
  port: number,
  advertised: readonly Endpoint[],
): void {
  const listeners = [{ name: listenerName, hosts, port }, ...moreListeners];
  properties.set('node.id', String(nodeId));
  properties.set('broker.id', String(nodeId));
  properties.set(
    'listeners',
    listeners.flatMap((listener) => listener.hosts.map((host) => asText({ name: listener.name, host, port: listener.port }))).join(','),
  );
  properties.set('advertised.listeners', advertised.map(asText).join(','));
  properties.set('inter.broker.listener.name', listenerName);
  properties.set('log.dirs', directory);
}

function asText({ name, host, port }: Endpoint): string {
  return `${name}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
