import type { ArrivedRequest, Interceptor } from '#broker';
import { type Clock, sleep } from '#platform';
import { KafkaError } from '#protocol';
import type { FetchRequest } from '#protocol/apis/fetch.ts';
import type { Answer, ClientConnection } from '#transport';
import { failedAnswer, topicsOf } from './failed-answer.ts';
import { type Fault, type Injection, RunningFault } from './fault.ts';
import { type SeenFilter, type SeenRequest, SeenRequests } from './seen-requests.ts';

/** What goes wrong in a cluster on purpose, and what its brokers were asked. */
export class Faults {
  readonly #clock: Clock;
  readonly #isBroker: (clientId: string | null) => boolean;
  readonly #nameOf: (topicId: string) => string | undefined;
  #injections: RunningFault[] = [];
  readonly #seen = new SeenRequests();
  /** Connections with a request that is held back: those behind it wait for it. */
  readonly #held = new WeakMap<ClientConnection, Promise<unknown>>();

  /** @param options.isBroker whether a client id is that of one of the brokers; options.nameOf what a topic is called */
  constructor(options: { clock: Clock; isBroker(clientId: string | null): boolean; nameOf(topicId: string): string | undefined }) {
    this.#clock = options.clock;
    this.#isBroker = options.isBroker;
    this.#nameOf = options.nameOf;
  }

  /** @throws OptionError */
  inject(fault: Fault): Injection {
    const running = new RunningFault(fault, () => {
      this.#injections = this.#injections.filter((other) => other !== running);
    });
    this.#injections.push(running);
    return running;
  }

  /** @throws OptionError for an API that there is not */
  seen(filter: SeenFilter = {}): SeenRequest[] {
    return this.#seen.matching(filter);
  }

  clear(): void {
    this.#injections = [];
    this.#seen.clear();
  }

  interceptorOf(broker: number): Interceptor {
    return (arrived) => this.#intercept(broker, arrived);
  }

  #intercept(broker: number, arrived: ArrivedRequest): Answer {
    const isFromBroker = this.#isBroker(arrived.clientId);
    if (isFromBroker && this.#injections.length === 0) return arrived.serve();
    const topics = isFromBroker && arrived.api.name === 'Fetch' ? [] : topicsOf(arrived.request, this.#nameOf);
    const isInSession = inSession(arrived);
    const hitting = this.#injections.filter((fault) => fault.concerns(broker, arrived, topics, { isFromBroker, isInSession }));
    const held = this.#held.get(arrived.connection);
    if (!isFromBroker) this.#seen.note(this.#clock.now(), broker, arrived, topics, hitting);
    if (hitting.length === 0 && held === undefined) return arrived.serve();
    // What is only asked to name its topics has not failed yet.
    for (const fault of hitting) if (fault.kind !== 'error' || !isInSession) fault.hit();
    const delayMs = hitting.reduce((sum, { fault }) => sum + (fault.delayMs ?? 0), 0);
    if (delayMs === 0 && held === undefined) return this.#answer(arrived, hitting);
    return this.#later(arrived, hitting, delayMs, held);
  }

  #later(arrived: ArrivedRequest, hitting: readonly RunningFault[], delayMs: number, held: Promise<unknown> | undefined): Answer {
    let settle = () => {};
    const turn = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.#held.set(arrived.connection, turn);
    const answer = (async () => {
      await held;
      if (delayMs > 0) await sleep(this.#clock, delayMs);
      try {
        return this.#answer(arrived, hitting);
      } finally {
        if (this.#held.get(arrived.connection) === turn) this.#held.delete(arrived.connection);
        settle();
      }
    })();
    return answer;
  }

  #answer(arrived: ArrivedRequest, hitting: readonly RunningFault[]): Answer {
    const fault = hitting.find(({ fault: { drop, error } }) => (drop ?? false) !== false || error !== undefined)?.fault;
    if (fault === undefined) return arrived.serve();
    if (fault.drop === true) return 'close';
    if (fault.drop === 'answer') {
      const answer = arrived.serve();
      return answer instanceof Promise ? answer.then(() => 'close' as const) : 'close';
    }
    const error = new KafkaError(fault.error!, `${fault.error} was injected`);
    return failedAnswer(arrived, error, fault.topic, this.#nameOf);
  }
}

/** A fetch that names only what has changed since the one before. */
function inSession({ api, request }: ArrivedRequest): boolean {
  if (api.name !== 'Fetch') return false;
  const { sessionId, sessionEpoch } = request as unknown as FetchRequest;
  return sessionId !== 0 && sessionEpoch > 0;
}
