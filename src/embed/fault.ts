import type { ArrivedRequest } from '#broker';
import { type ErrorName, errorNames } from '#protocol';
import { checkApi, isNamed, likely } from './names.ts';
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

/** A fault that was asked for, and which requests it concerns. */
export class RunningFault implements Injection {
  readonly fault: Fault;
  readonly #gone: () => void;
  #hits = 0;

  /** @param gone told when it hits no more. @throws OptionError */
  constructor(fault: Fault, gone: () => void) {
    check(fault);
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
