import type { Cluster } from '#client';
import { type Clock, NetworkError } from '#platform';
import { type Api, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import type { EmbeddedBroker } from './embedded-broker.ts';

/**
 * The cluster as this library itself asks it: within the process, past the network, so that neither faults nor the list of requests have to do with it. A broker that is
 * stopped or cannot be reached is not there all the same.
 */
export class DirectCluster implements Cluster {
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly #brokers: readonly EmbeddedBroker[];

  constructor(brokers: readonly EmbeddedBroker[], clock: Clock, patienceMs: number) {
    this.#brokers = brokers;
    this.clock = clock;
    this.patienceMs = patienceMs;
  }

  async send<A extends Api>(to: number | 'anyone' | 'controller', api: A, request: RequestInput<A>): Promise<ResponseOf<A>> {
    if (to === 'anyone' || to === 'controller')
      return this.anyone().router!.send(api, request, to === 'controller' ? 'controller' : 'local', { timeoutMs: this.patienceMs });
    const broker = this.#brokers.find(({ id }) => id === to);
    if (broker === undefined) throw new KafkaError('BROKER_NOT_AVAILABLE', `there is no broker ${to}`);
    if (broker.router === undefined || !broker.isReachable) throw new NetworkError('ECONNREFUSED', `broker ${to} is ${broker.state}`);
    return broker.router.send(api, request, 'local');
  }

  /** The brokers that are up and can be reached. */
  get up(): EmbeddedBroker[] {
    return this.#brokers.filter((broker) => broker.router !== undefined && broker.isReachable);
  }

  isUp(id: number): boolean {
    return this.up.some((broker) => broker.id === id);
  }

  /** A broker that can be asked: one in service, if there is one. @throws NetworkError ECONNREFUSED */
  anyone(): EmbeddedBroker {
    const reachable = this.up;
    const found = reachable.find((broker) => broker.router!.readiness().ready) ?? reachable[0];
    if (found !== undefined) return found;
    throw new NetworkError('ECONNREFUSED', this.#brokers.map(({ id, state }) => `broker ${id} is ${state}`).join(', '));
  }
}
