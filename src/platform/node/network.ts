import net from 'node:net';
import type { Logger } from '../log.ts';
import { silentLogger } from '../log.ts';
import { type Address, type Connection, type Listener, type Network, NetworkError } from '../network.ts';
import { NodeConnection } from './connection.ts';
import { errorCode } from './disk-error.ts';
import { toNetworkError } from './network-error.ts';

/** When the system's choice of port for the first host is taken for another one, so often a further choice is asked for. */
const portAttempts = 32;
const keepAliveAfterMs = 30_000;
/** Answers and requests are written whole, so nothing is gained by waiting for more (TCP_NODELAY). */
const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveAfterMs };

/** The host's TCP. */
export class NodeNetwork implements Network {
  readonly #log: Logger;
  readonly #keepsAlive: boolean;

  /** @param options.keepsAlive false: what it listens on and speaks over does not keep the process from ending */
  constructor(options: { log?: Logger; keepsAlive?: boolean } = {}) {
    this.#log = options.log ?? silentLogger;
    this.#keepsAlive = options.keepsAlive ?? true;
  }

  async listen(options: { hosts: readonly string[]; port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
    const hosts = [...new Set(options.hosts)];
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listenOnce(hosts, options.port, onConnection);
      } catch (error) {
        const anotherPortMayDo = options.port === 0 && hosts.length > 1 && errorCode(error) === 'EADDRINUSE';
        if (!anotherPortMayDo || attempt === portAttempts) throw error;
      }
    }
  }

  connect(address: Address, options: { timeoutMs?: number } = {}): Connection {
    const socket = net.connect({ host: address.host, port: address.port, ...socketOptions });
    if (!this.#keepsAlive) socket.unref();
    return new NodeConnection(socket, { address: { host: address.host, port: address.port }, timeoutMs: options.timeoutMs });
  }

  async #listenOnce(hosts: readonly string[], port: number, onConnection: (connection: Connection) => void): Promise<Listener> {
    const servers: net.Server[] = [];
    let passedOver: NetworkError | undefined;
    for (const host of hosts) {
      try {
        // Beside an IPv4 host an IPv6 one must not take both families, as '::' would.
        const ipv6Only = net.isIPv6(host) && hosts.some((other) => net.isIPv4(other));
        const server = await this.#listenOn({ host, port, ipv6Only }, onConnection);
        servers.push(server);
        port = portOf(server);
      } catch (error) {
        if (error instanceof NetworkError && lacksFamily(host, error.code)) {
          passedOver = error;
          continue;
        }
        for (const server of servers) server.close();
        throw error;
      }
    }
    if (servers.length === 0) throw passedOver ?? new NetworkError('EADDRNOTAVAIL', 'no host to listen on was given');
    return {
      port,
      async close(): Promise<void> {
        // Not awaited: the ports are free at once, and Node reports back only when the last connection has gone as well.
        for (const server of servers) server.close();
      },
    };
  }

  #listenOn(
    address: { host: string; port: number; ipv6Only: boolean },
    onConnection: (connection: Connection) => void,
  ): Promise<net.Server> {
    return new Promise((resolve, reject) => {
      const server = net.createServer(socketOptions, (socket) => {
        if (!this.#keepsAlive) socket.unref();
        onConnection(new NodeConnection(socket));
      });
      if (!this.#keepsAlive) server.unref();
      const refused = (error: Error): void => reject(toNetworkError(error, `listening on ${address.host}:${address.port}`));
      server.once('error', refused);
      server.listen({ ...address, exclusive: true }, () => {
        server.off('error', refused);
        // Accepting may fail for a while (too many open files); the listener goes on.
        server.on('error', (error) => this.#log.warn({ error, port: portOf(server) }, 'a connection could not be accepted'));
        resolve(server);
      });
    });
  }
}

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Whether listening failed because the machine has no IPv4 or no IPv6, and not because of a wrong address. */
function lacksFamily(host: string, code: string): boolean {
  if (code === 'EAFNOSUPPORT') return true;
  return code === 'EADDRNOTAVAIL' && ['127.0.0.1', '0.0.0.0', '::1', '::'].includes(host);
}
