import { KafkaServer, type KafkaServerOptions } from '#transport';
import { type BrokerConfig, defaultAdvertisedHost, defaultListenerName, type Endpoint, loopbackHosts } from './config.ts';
import { warnOfExposure } from './exposure.ts';

/** The main listener first, which brokers use among themselves. */
export function listenersOf(config: BrokerConfig): readonly { name: string; hosts: readonly string[]; port: number }[] {
  const { listenerName: name = defaultListenerName, hosts = loopbackHosts, port, moreListeners = [] } = config;
  return [{ name, hosts, port }, ...moreListeners];
}

/** @param port the one that the main listener got */
export function advertisedEndpoints(config: BrokerConfig, port: number): [Endpoint, ...Endpoint[]] {
  const { advertisedHost: host = defaultAdvertisedHost, advertisedPort = port, moreListeners = [] } = config;
  const others = moreListeners.flatMap(({ name, advertised }) => (advertised === undefined ? [] : [{ name, ...advertised }]));
  return [{ name: config.listenerName ?? defaultListenerName, host, port: advertisedPort }, ...others];
}

/** All or none. */
export async function listenOnAll(config: BrokerConfig, options: Omit<KafkaServerOptions, 'hosts' | 'port'>): Promise<KafkaServer[]> {
  const servers: KafkaServer[] = [];
  try {
    for (const { hosts, port } of listenersOf(config)) servers.push(await KafkaServer.listen({ ...options, hosts, port }));
  } catch (error) {
    for (const server of servers) await server.close({ graceMs: 0 });
    throw error;
  }
  warnOfExposure(
    listenersOf(config).flatMap(({ hosts }) => hosts),
    options.log,
  );
  return servers;
}
