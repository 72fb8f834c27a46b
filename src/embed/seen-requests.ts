import type { ArrivedRequest } from '#broker';
import type { RunningFault } from './fault.ts';
import { checkApi, isNamed } from './names.ts';

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

/** What brokers were asked, by clients. */
export class SeenRequests {
  #seen: SeenRequest[] = [];

  /** @throws OptionError for an API that there is not */
  matching(filter: SeenFilter): SeenRequest[] {
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
    this.#seen = [];
  }

  /** @param now by the cluster's time */
  note(
    now: number,
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
      at: now,
      request: withoutBytes(api.name, request as Readonly<Record<string, unknown>>),
      fault: faults.find((kind) => kind !== 'delay') ?? faults[0] ?? null,
    });
    if (this.#seen.length > mostSeen) this.#seen.splice(0, this.#seen.length - mostSeen);
  }
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
