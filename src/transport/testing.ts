/** What the tests of this folder share: clock, connection and network in the hand of a test. Not part of the program. */
import type { Address, Clock, Connection, Listener, Logger, Network, Timer } from '#platform';
import { NetworkError } from '#platform';

/** Time that stands still until a test moves it. Callbacks run within {@link advance}, in the order of their times. */
export class FakeClock implements Clock {
  #now = 0;
  #timers: { at: number; intervalMs?: number; callback: () => void }[] = [];

  /** How often a timer was set. */
  timersSet = 0;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add({ at: this.#now + delayMs, callback });
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#add({ at: this.#now + intervalMs, intervalMs, callback });
  }

  /** Moves time on; between two timers every promise that can go on does so. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((left, right) => left.at - right.at)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      if (due.intervalMs === undefined) this.#timers.splice(this.#timers.indexOf(due), 1);
      else due.at += due.intervalMs;
      due.callback();
      await settled();
    }
    this.#now = end;
  }

  #add(timer: { at: number; intervalMs?: number; callback: () => void }): Timer {
    this.timersSet += 1;
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
}

/** Resolves when every promise that can go on without outside help has done so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** One end of a connection whose other end is the test. */
export class FakeConnection implements Connection {
  readonly remote: Address;
  readonly local: Address = { host: '127.0.0.1', port: 9092 };
  /** Each write, its buffers joined. */
  readonly writes: Buffer[] = [];
  /** While false, what is written stays pending. */
  reads = true;
  pendingBytes = 0;
  isPaused = false;
  isEnded = false;
  isDestroyed = false;
  /** The bytes that came back with {@link detach}. */
  detached: Buffer | undefined;
  /** What {@link detach} gives. */
  socket: ReturnType<Connection['detach']>;
  readonly #waiting: Buffer[] = [];
  #isClosed = false;
  #data: ((bytes: Buffer) => void) | undefined;
  #connect: (() => void) | undefined;
  #end: (() => void) | undefined;
  #drain: (() => void) | undefined;
  #close: ((error?: NetworkError) => void) | undefined;

  constructor(remote: Address = { host: '10.0.0.7', port: 51000 }) {
    this.remote = remote;
  }

  get written(): Buffer {
    return Buffer.concat(this.writes);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The test sends. While paused it waits, as in a socket's buffers. */
  receive(bytes: Buffer): void {
    if (this.isPaused) this.#waiting.push(bytes);
    else if (!this.#isClosed) this.#data?.(bytes);
  }

  /** The test ends its side. */
  receiveEnd(): void {
    if (this.#end) this.#end();
    else this.end();
  }

  /** The test reads all that is pending. */
  drain(): void {
    this.reads = true;
    this.pendingBytes = 0;
    this.#drain?.();
    if (this.isEnded) this.close();
  }

  connected(): void {
    this.#connect?.();
  }

  close(error?: NetworkError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#close?.(error);
  }

  onConnect(handler: () => void): void {
    this.#connect = handler;
  }
  onData(handler: (bytes: Buffer) => void): void {
    this.#data = handler;
  }
  onEnd(handler: () => void): void {
    this.#end = handler;
  }
  onDrain(handler: () => void): void {
    this.#drain = handler;
  }
  onClose(handler: (error?: NetworkError) => void): void {
    this.#close = handler;
  }

  write(buffers: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(buffers);
    this.writes.push(bytes);
    if (!this.reads) this.pendingBytes += bytes.length;
    return this.pendingBytes === 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isPaused && this.#waiting.length > 0) this.receive(this.#waiting.shift()!);
  }

  end(): void {
    this.isEnded = true;
    if (this.pendingBytes === 0) this.close();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.close();
  }

  detach(unread: Buffer): ReturnType<Connection['detach']> {
    this.detached = unread;
    return this.socket;
  }
}

/** A network whose every connection the test holds. */
export class FakeNetwork implements Network {
  /** Connections made by {@link connect}, in order. */
  readonly dialled: FakeConnection[] = [];
  isListening = false;
  #accept: ((connection: Connection) => void) | undefined;

  async listen(options: { port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
    if (options.port === 1) throw new NetworkError('EACCES', 'port 1 is not for you');
    this.#accept = onConnection;
    this.isListening = true;
    return {
      port: options.port,
      close: async () => {
        this.isListening = false;
      },
    };
  }

  connect(address: Address): FakeConnection {
    const connection = new FakeConnection(address);
    this.dialled.push(connection);
    return connection;
  }

  /** A client comes. */
  arrive(remote?: Address): FakeConnection {
    const connection = new FakeConnection(remote);
    this.#accept!(connection);
    return connection;
  }
}

/** Keeps the lines of level info and above. */
export function recordingLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const keep = (_fields: object, message: string): void => {
    lines.push(message);
  };
  const log: Logger = { debug() {}, info: keep, warn: keep, error: keep, child: () => log };
  return { log, lines };
}
