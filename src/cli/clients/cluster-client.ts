import type { Address } from '#platform';
import { formatAddress, parseAddress } from '../addresses.ts';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type BrokerAnswer, BrokerHttp, NoAnswer } from './broker-http.ts';

/** One partition and host:port of the broker that owns it. */
export interface PartitionOwner {
  partition: number;
  broker: string;
}

/** What became of a message. */
export type Produced =
  | { outcome: 'written'; offset: number }
  /** Nothing was written, and the same may work in a while. */
  | { outcome: 'not-now'; why: string }
  /** It may have been written. */
  | { outcome: 'unknown'; why: string }
  | { outcome: 'refused'; status: number; why: string };

/** What stands at an offset. */
export type Consumed =
  | { outcome: 'message'; message: string | null }
  | { outcome: 'past-the-end' }
  | { outcome: 'skipped'; nextOffset: number; why: string }
  | { outcome: 'not-now'; why: string }
  | { outcome: 'refused'; status: number; why: string };

/** The contract's routes as the interactive clients use them. Any broker answers for all, so that one that is down is passed over, and said to be. */
export class ClusterClient {
  readonly #http: BrokerHttp;
  readonly #meta: Address;
  readonly #note: (line: string) => void;
  #known: Address[] = [];
  /** Addresses that did not answer when they were last asked: they come last. */
  readonly #silent = new Set<string>();

  /** @param options.note told when it goes on with another broker than the one it asked first */
  constructor(options: { meta: Address; note: (line: string) => void; http?: BrokerHttp }) {
    this.#meta = options.meta;
    this.#note = options.note;
    this.#http = options.http ?? new BrokerHttp();
  }

  /** Every topic's partitions. @throws CliError when no broker answers or the cluster is not ready */
  async topics(): Promise<Map<string, PartitionOwner[]>> {
    const answer = await this.#ask([this.#meta, ...this.#known], (address) => this.#http.get(address, '/metadata')).catch(
      (error: unknown) => {
        if (!(error instanceof NoAnswer)) throw error;
        throw new CliError(`--meta=${formatAddress(this.#meta)}: ${error.message}. Is a broker running there?`, exitCodes.notReady, {
          cause: error,
        });
      },
    );
    const owners = (answer.body as { topic_partitions?: Record<string, PartitionOwner[]> } | undefined)?.topic_partitions;
    if (answer.status === 503) throw new CliError(reasonOf(answer), exitCodes.notReady);
    if (answer.status !== 200 || owners === undefined)
      throw new CliError(`${formatAddress(this.#meta)} answered /metadata with ${answer.status}: ${reasonOf(answer)}`);
    this.#remember(owners);
    return new Map(Object.entries(owners));
  }

  async produce(topic: string, { partition, broker }: PartitionOwner, message: string): Promise<Produced> {
    let answer: BrokerAnswer;
    try {
      answer = await this.#ask(
        this.#startingWith(broker),
        (address) => this.#http.post(address, '/produce', { topic, partition, message }),
        'once',
      );
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { outcome: error.neverSent ? 'not-now' : 'unknown', why: error.message };
    }
    if (answer.status === 200) return { outcome: 'written', offset: (answer.body as { offset: number }).offset };
    if (answer.status === 503 || answer.status === 429) return { outcome: 'not-now', why: reasonOf(answer) };
    if (answer.status >= 500) return { outcome: 'unknown', why: reasonOf(answer) };
    return { outcome: 'refused', status: answer.status, why: reasonOf(answer) };
  }

  async consume(topic: string, { partition, broker }: PartitionOwner, offset: number): Promise<Consumed> {
    const path = `/consume?topic=${encodeURIComponent(topic)}&partition=${partition}&offset=${offset}`;
    let answer: BrokerAnswer;
    try {
      answer = await this.#ask(this.#startingWith(broker), (address) => this.#http.get(address, path));
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { outcome: 'not-now', why: error.message };
    }
    if (answer.status === 200) return { outcome: 'message', message: (answer.body as { message: string | null }).message };
    if (answer.status === 204) return { outcome: 'past-the-end' };
    const nextOffset = (answer.body as { nextOffset?: unknown } | undefined)?.nextOffset;
    if (answer.status === 404 && typeof nextOffset === 'number') return { outcome: 'skipped', nextOffset, why: reasonOf(answer) };
    if (answer.status >= 500 || answer.status === 429) return { outcome: 'not-now', why: reasonOf(answer) };
    return { outcome: 'refused', status: answer.status, why: reasonOf(answer) };
  }

  close(): void {
    this.#http.close();
  }

  /**
   * Asks one address after the other until one answers that takes part in the cluster. What may take effect ('once') goes on only when nothing
   * was done. @throws NoAnswer
   */
  async #ask(
    addresses: readonly Address[],
    ask: (address: Address) => Promise<BrokerAnswer>,
    how: 'once' | 'repeatedly' = 'repeatedly',
  ): Promise<BrokerAnswer> {
    let failure: unknown;
    let unready: BrokerAnswer | undefined;
    const news: string[] = [];
    for (const address of this.#inOrder(addresses)) {
      const name = formatAddress(address);
      try {
        const answer = await ask(address);
        if (isUnready(answer)) {
          unready ??= answer;
          continue;
        }
        this.#silent.delete(name);
        if (news.length > 0) this.#note(`${news.join('; ')}. Going on with ${name}.`);
        return answer;
      } catch (error) {
        failure ??= error;
        if (!(error instanceof NoAnswer)) throw error;
        if (!this.#silent.has(name)) news.push(error.message);
        this.#silent.add(name);
        if (how === 'once' && !error.neverSent) throw error;
      }
    }
    if (unready !== undefined) return unready;
    throw failure;
  }

  #inOrder(addresses: readonly Address[]): Address[] {
    const all = distinct(addresses);
    const isSilent = (address: Address) => this.#silent.has(formatAddress(address));
    return [...all.filter((address) => !isSilent(address)), ...all.filter(isSilent)];
  }

  #startingWith(broker: string): Address[] {
    const owner = broker === '' ? [] : [parseAddress('broker', broker)];
    return [...owner, this.#meta, ...this.#known];
  }

  #remember(topics: Record<string, PartitionOwner[]>): void {
    const addresses = Object.values(topics).flatMap((owners) => owners.map(({ broker }) => broker));
    this.#known = [...new Set(addresses)].filter((address) => address !== '').map((address) => parseAddress('broker', address));
  }
}

function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
}

/** A broker that has just started, or is about to stop; it has done nothing. */
function isUnready({ status, body }: BrokerAnswer): boolean {
  return status === 503 && (body as { code?: unknown } | undefined)?.code === 'NOT_READY';
}

function reasonOf({ status, body }: BrokerAnswer): string {
  const error = (body as { error?: unknown } | undefined)?.error;
  return typeof error === 'string' ? error : `HTTP status ${status}`;
}
