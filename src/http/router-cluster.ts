import type { RequestRouter } from '#broker';
import type { Cluster, SendOptions } from '#client';
import type { Clock } from '#platform';
import type { Api, RequestInput, ResponseOf } from '#protocol';

/** The cluster that this broker is in, as its clients see it: what anyone can answer, this broker answers. */
export class RouterCluster implements Cluster {
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly #router: RequestRouter;

  constructor(options: { router: RequestRouter; clock: Clock; patienceMs: number }) {
    this.clock = options.clock;
    this.patienceMs = options.patienceMs;
    this.#router = options.router;
  }

  send<A extends Api>(to: number | 'anyone', api: A, request: RequestInput<A>, { timeoutMs }: SendOptions = {}): Promise<ResponseOf<A>> {
    return this.#router.send(api, request, to === 'anyone' ? 'local' : to, { timeoutMs: timeoutMs ?? this.patienceMs });
  }
}
