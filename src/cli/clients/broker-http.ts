import { Agent, request } from 'node:http';
import type { Address } from '#platform';

/** A broker's answer; its body is JSON, or undefined when it has none. */
export interface BrokerAnswer {
  status: number;
  body: unknown;
  /** When it was made, as HTTP writes it. */
  date: string | undefined;
}

/** A request that got no answer. */
export class NoAnswer extends Error {
  readonly code: string;
  /** The connection never came about, so the request did nothing. */
  readonly neverSent: boolean;

  constructor(address: string, code: string, neverSent: boolean) {
    super(neverSent ? `${address} does not answer (${code})` : `the connection to ${address} broke (${code})`);
    this.name = 'NoAnswer';
    this.code = code;
    this.neverSent = neverSent;
  }
}

const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
]);

/** HTTP to brokers over kept connections. */
export class BrokerHttp {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #timeoutMs: number;

  constructor(options: { timeoutMs?: number } = {}) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
  }

  get(address: Address, path: string): Promise<BrokerAnswer> {
    return this.#send(address, 'GET', path, undefined);
  }

  post(address: Address, path: string, body: object): Promise<BrokerAnswer> {
    return this.#send(address, 'POST', path, JSON.stringify(body));
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @throws NoAnswer */
  #send({ host, port }: Address, method: string, path: string, body: string | undefined): Promise<BrokerAnswer> {
    return new Promise((resolve, reject) => {
      let isConnected = false;
      const fail = (error: Error & { code?: string }) => {
        const code = error.code ?? error.message;
        // A connection that was there may end with one of these codes, too.
        reject(new NoAnswer(`${host}:${port}`, code, !isConnected && neverConnected.has(code)));
      };
      const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const outgoing = request({ agent: this.#agent, host, port, method, path, headers, timeout: this.#timeoutMs }, (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('error', fail);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: parsed(Buffer.concat(pieces)), date: incoming.headers.date }),
        );
      });
      outgoing.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => (isConnected = true));
        else isConnected = true;
      });
      outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      outgoing.on('error', fail);
      outgoing.end(body);
    });
  }
}

function parsed(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
