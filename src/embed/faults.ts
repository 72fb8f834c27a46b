import type { ArrivedRequest, Interceptor } from '#broker';
import { type Clock, sleep } from '#platform';
import { allApis, type ErrorName, errorNames, KafkaError } from '#protocol';
import type { FetchRequest } from '#protocol/apis/fetch.ts';
import type { Answer, ClientConnection } from '#transport';
import { failedAnswer, topicsOf } from './failed-answer.ts';
import { OptionError } from './options.ts';

/** What goes wrong, and with which requests. */
export interface Fault {
  /** Kafka's name of the API, as in 'Produce'. Default: all. */
  readonly api?: string;
  /** Kafka's name of an error: the request is not carried out and answered with it, where the answer of its API carries errors. */
  readonly error?: ErrorName;
  /** The request waits so long before anything is done for it, and those behind it on its connection do too. */
  readonly delayMs?: number;
  /** true: the connection ends and the request is not carried out. 'answer': it is carried out, and the connection ends without the answer. */
  readonly drop?: boolean | 'answer';
  /** How often. Default: until it is removed, or the cluster is reset. */
  readonly times?: number;
  /** Only at this broker. */
  readonly broker?: number;
  /** Only what concerns this topic: of a request with others too, only its part fails. */
  readonly topic?: string;
  /** Only requests of this client. Brokers among each other are spared unless named here ('broker-2'). */
  readonly clientId?: string | RegExp;
}

/** A fault at work. */
export interface Injection extends Disposable {
  /** How many requests it has hit. */
  readonly hits: number;
  /** It hits no more. */
  remove(): void;
}

/** A request that clients have sent, as brokers saw it. */
export interface SeenRequest {
  readonly api: string;
  readonly version: number;
  readonly clientId: string | null;
  readonly broker: number;
  /** The topics that it names. */
  readonly topics: readonly string[];
  /** When it came, by the cluster's time. */
  readonly at: number;
  /** What it says, by Kafka's names of its fields. Of what is produced only the number of bytes is kept. */
  readonly request: Readonly<Record<string, unknown>>;
  /** What was injected into it. */
  readonly fault: 'error' | 'delay' | 'drop' | null;
}

/** Only those requests. */
export interface SeenFilter {
  readonly api?: string;
  readonly clientId?: string | RegExp;
  readonly broker?: number;
  readonly topic?: string;
}

/** The oldest are let go beyond so many. */
const mostSeen = 10_000;

/** What goes wrong in a cluster on purpose, and what its brokers were asked. */
export class Faults {
  readonly #clock: Clock;
  readonly #isBroker: (clientId: string | null) => boolean;
  readonly #nameOf: (topicId: string) => string | undefined;
  #injections: RunningFault[] = [];
  #seen: SeenRequest[] = [];
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
    check(fault);
    const running = new RunningFault(fault, () => {
      this.#injections = this.#injections.filter((other) => other !== running);
    });
    this.#injections.push(running);
    return running;
  }

  seen(filter: SeenFilter = {}): SeenRequest[] {
    if (filter.api !== undefined) checkApi(filter.api);
    return this.#seen.filter(
      ({ api, clientId, broker, topics }) =>
        (filter.api === undefined || api === filter.api) &&
        (filter.broker === undefined || broker === filter.broker) &&
        (filter.topic === undefined || topics.includes(filter.topic)) &&
        (filter.clientId === undefined || isNamed(clientId, filter.clientId)),
    );
  }

  clear(): void {
    this.#injections = [];
    this.#seen = [];
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
    if (!isFromBroker) this.#note(broker, arrived, topics, hitting);
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

  #note(
    broker: number,
    { api, apiVersion, clientId, request }: ArrivedRequest,
    topics: readonly string[],
    hitting: readonly RunningFault[],
  ): void {
    const faults = hitting.map(({ kind }) => kind);
    this.#seen.push({
      api: api.name,
      version: apiVersion,
      clientId,
      broker,
      topics,
      at: this.#clock.now(),
      request: withoutBytes(api.name, request as Readonly<Record<string, unknown>>),
      fault: faults.find((kind) => kind !== 'delay') ?? faults[0] ?? null,
    });
    if (this.#seen.length > mostSeen) this.#seen.splice(0, this.#seen.length - mostSeen);
  }
}

class RunningFault implements Injection {
  readonly fault: Fault;
  readonly #gone: () => void;
  #hits = 0;

  constructor(fault: Fault, gone: () => void) {
    this.fault = fault;
    this.#gone = gone;
  }

  get hits(): number {
    return this.#hits;
  }

  get kind(): 'error' | 'delay' | 'drop' {
    if (this.fault.error !== undefined) return 'error';
    return (this.fault.drop ?? false) === false ? 'delay' : 'drop';
  }

  concerns(
    broker: number,
    { api, clientId }: ArrivedRequest,
    topics: readonly string[],
    from: { isFromBroker: boolean; isInSession: boolean },
  ): boolean {
    const { fault } = this;
    if (fault.api !== undefined && fault.api !== api.name) return false;
    if (fault.broker !== undefined && fault.broker !== broker) return false;
    const mayBeOfTopic = from.isInSession && fault.error !== undefined;
    if (fault.topic !== undefined && !topics.includes(fault.topic) && !mayBeOfTopic) return false;
    if (fault.clientId === undefined) return !from.isFromBroker;
    return from.isFromBroker ? fault.clientId === clientId : isNamed(clientId, fault.clientId);
  }

  hit(): void {
    this.#hits++;
    if (this.#hits >= (this.fault.times ?? Number.POSITIVE_INFINITY)) this.#gone();
  }

  remove(): void {
    this.#gone();
  }

  [Symbol.dispose](): void {
    this.#gone();
  }
}

/** A fetch that names only what has changed since the one before. */
function inSession({ api, request }: ArrivedRequest): boolean {
  if (api.name !== 'Fetch') return false;
  const { sessionId, sessionEpoch } = request as unknown as FetchRequest;
  return sessionId !== 0 && sessionEpoch > 0;
}

function isNamed(clientId: string | null, wanted: string | RegExp): boolean {
  if (clientId === null) return false;
  return typeof wanted === 'string' ? clientId === wanted : wanted.test(clientId);
}

/** Buffers of requests are views of what was read from a socket, which a list that is kept must not hold. */
function withoutBytes(api: string, request: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return hasBytes.has(api) ? (copied(request) as Readonly<Record<string, unknown>>) : request;
}

const hasBytes: ReadonlySet<string> = new Set(['Produce', 'JoinGroup', 'SyncGroup', 'Envelope', 'SaslAuthenticate']);

function copied(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) =>
      name === 'records' ? ['recordsBytes', Buffer.isBuffer(content) ? content.length : 0] : [name, copied(content)],
    ),
  );
}

/** @throws OptionError */
function check({ api, error, delayMs, drop, times }: Fault): void {
  if (api !== undefined) checkApi(api);
  if (error !== undefined && (!errorNames.includes(error) || error === 'NONE'))
    throw new OptionError('error', error, "there is no such error in Kafka's protocol", likely(error, errorNames));
  if (error === undefined && delayMs === undefined && (drop ?? false) === false)
    throw new OptionError('inject', '{}', 'nothing goes wrong', 'Say error, delayMs or drop');
  if (error !== undefined && (drop ?? false) !== false)
    throw new OptionError('drop', drop, 'a request that is answered with an error is not dropped');
  if (delayMs !== undefined && !(delayMs >= 0)) throw new OptionError('delayMs', delayMs, 'it is a number of milliseconds from 0 on');
  if (times !== undefined && !(Number.isInteger(times) && times > 0))
    throw new OptionError('times', times, 'it is a whole number from 1 on');
}

/** @throws OptionError */
function checkApi(api: string): void {
  const names = [...allApis.values()].map(({ name }) => name);
  if (!names.includes(api)) throw new OptionError('api', api, "Kafka's protocol has no such API", likely(api, names));
}

/** Names that the writer may have meant. */
function likely(wrong: string, names: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replaceAll('_', '');
  const close = names.filter((name) => plain(name).includes(plain(wrong)) || plain(wrong).includes(plain(name))).slice(0, 3);
  return close.length === 0 ? `There are ${names.slice(0, 6).join(', ')} and others` : `Did you mean ${close.join(' or ')}?`;
}
