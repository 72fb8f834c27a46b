import type { Socket } from 'node:net';
import { highWaterMark } from '../high-water-mark.ts';
import { type Address, type Connection, NetworkError } from '../network.ts';
import type { EventOwner } from './events.ts';
import type { Scheduler } from './scheduler.ts';
import { SimulatedSocket } from './socket.ts';
import type { Stream } from './stream.ts';

/** The process that an end of a connection belongs to. */
export interface ConnectionHolder {
  /** The process itself: its handlers wait while it is paused, and end with it. */
  readonly owner: EventOwner;
  /** Its host's kernel: what waits while the process is paused, but outlives it. */
  readonly kernel: EventOwner;
  readonly connections: Set<SimulatedConnection>;
}

/** One end of a simulated connection. */
export class SimulatedConnection implements Connection {
  readonly remote: Address;
  readonly local: Address;
  readonly #scheduler: Scheduler;
  readonly #holder: ConnectionHolder;
  #outgoing: Stream | undefined;
  /** The stream that ends here: told when bytes are taken. */
  #incoming: Stream | undefined;
  #onSend: ((bytes: Buffer) => void) | undefined;
  #state: 'connecting' | 'open' | 'closed' | 'unreachable' = 'connecting';
  /** Written before the connection was there. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #endWanted = false;
  #endReceived = false;
  #drainWanted = false;
  #paused = false;
  #inbox: { kind: 'data' | 'end'; bytes: Buffer }[] = [];
  #emptyingInbox = false;
  #connectHandler: (() => void) | undefined;
  #dataHandler: ((bytes: Buffer) => void) | undefined;
  #endHandler: (() => void) | undefined;
  #drainHandler: (() => void) | undefined;
  #closeHandler: ((error?: NetworkError) => void) | undefined;

  constructor(scheduler: Scheduler, holder: ConnectionHolder, addresses: { remote: Address; local: Address }) {
    this.#scheduler = scheduler;
    this.#holder = holder;
    this.remote = addresses.remote;
    this.local = addresses.local;
    holder.connections.add(this);
  }

  get kernel(): EventOwner {
    return this.#holder.kernel;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Whether its host lost its power and is not up again: nothing answers, not even with a reset. */
  get isUnreachable(): boolean {
    return this.#state === 'unreachable';
  }

  get pendingBytes(): number {
    return this.#earlyBytes + (this.#outgoing?.queuedBytes ?? 0);
  }

  onConnect(handler: () => void): void {
    this.#connectHandler = handler;
  }

  onData(handler: (bytes: Buffer) => void): void {
    this.#dataHandler = handler;
    this.#emptyInboxSoon();
  }

  onEnd(handler: () => void): void {
    this.#endHandler = handler;
  }

  onDrain(handler: () => void): void {
    this.#drainHandler = handler;
  }

  onClose(handler: (error?: NetworkError) => void): void {
    this.#closeHandler = handler;
  }

  write(buffers: readonly Uint8Array[]): boolean {
    if (this.isClosed || this.#endWanted) return true;
    this.#onSend?.(Buffer.concat(buffers));
    if (this.#outgoing) {
      this.#outgoing.write(buffers);
      this.#outgoing.pump();
    } else {
      for (const buffer of buffers) this.#earlyBytes += buffer.length;
      this.#early.push(...buffers);
    }
    if (this.pendingBytes <= highWaterMark) return true;
    this.#drainWanted = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#emptyInboxSoon();
  }

  end(): void {
    if (this.isClosed || this.#endWanted) return;
    this.#endWanted = true;
    if (!this.#outgoing) return;
    this.#outgoing.end();
    this.pump();
  }

  destroy(): void {
    if (this.isClosed) return;
    const hasUnread = this.#inbox.some(({ kind }) => kind === 'data');
    this.#close(undefined);
    this.#outgoing?.abandon(hasUnread ? 'reset' : 'end');
  }

  detach(unread: Buffer): Socket {
    return new SimulatedSocket(this, unread) as unknown as Socket;
  }

  /** Calls `observer` with the bytes of each write. */
  observe(observer: (bytes: Buffer) => void): void {
    this.#onSend = observer;
  }

  /** The two ends know each other, and bytes may flow from this one. */
  open(outgoing: Stream, incoming: Stream): void {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    if (this.#state === 'connecting') this.#state = 'open';
    outgoing.write(this.#early);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#endWanted) outgoing.end();
    this.pump();
  }

  /** {@link open}, and the process that dialled hears of it. */
  connected(outgoing: Stream, incoming: Stream): void {
    if (this.#state === 'connecting') this.#connectHandler?.();
    // It may have been destroyed, before or by its handler.
    if (this.#state === 'connecting') this.open(outgoing, incoming);
    else outgoing.abandon('reset');
  }

  pump(): void {
    if (this.isClosed) return;
    this.#outgoing?.pump();
    if (this.#drainWanted && this.pendingBytes === 0) {
      this.#drainWanted = false;
      this.#later('drain', () => {
        if (!this.isClosed) this.#drainHandler?.();
      });
    }
    this.#closeWhenBothEnded();
  }

  /** A segment has come. */
  receive(kind: 'data' | 'end' | 'reset', bytes: Buffer): void {
    if (kind === 'reset') {
      this.fail('ECONNRESET');
    } else if (this.#paused || !this.#dataHandler || this.#inbox.length > 0) {
      this.#inbox.push({ kind, bytes });
    } else {
      this.#take(kind, bytes);
    }
  }

  /** The connection is gone, and the other end does not hear of it from here. */
  fail(code: string): void {
    if (this.isClosed) return;
    this.#outgoing?.abandon(undefined);
    const words = `${this.local.host}:${this.local.port} to ${this.remote.host}:${this.remote.port}`;
    this.#close(new NetworkError(code, `connection from ${words}: ${code}`));
  }

  /** Something on the way breaks the connection: both ends get a reset, after a part of what was on its way. */
  breakOff(): void {
    this.#outgoing?.breakOff();
    this.#incoming?.breakOff();
  }

  /** The process has been killed: its kernel ends the connection. */
  orphan(last: 'end' | 'reset'): void {
    if (this.isClosed) return;
    this.#state = 'closed';
    this.#outgoing?.abandon(this.#inbox.length > 0 ? 'reset' : last);
  }

  /** The host has no power any more: the other end hears nothing. */
  vanish(): void {
    if (this.isClosed) return;
    this.#state = 'unreachable';
    this.#outgoing?.abandon(undefined);
  }

  /** The host is up again and knows nothing of this connection. */
  forget(): void {
    this.#state = 'closed';
    this.#incoming?.retry();
  }

  #take(kind: 'data' | 'end', bytes: Buffer): void {
    if (kind === 'data') {
      this.#incoming?.consumed(bytes.length);
      this.#dataHandler?.(bytes);
      return;
    }
    this.#endReceived = true;
    if (this.#endHandler) this.#endHandler();
    else this.end();
    this.#closeWhenBothEnded();
  }

  #emptyInboxSoon(): void {
    if (this.#emptyingInbox || this.#inbox.length === 0) return;
    this.#emptyingInbox = true;
    this.#later('inbox', () => {
      this.#emptyingInbox = false;
      while (this.#inbox.length > 0 && !this.#paused && this.#dataHandler && !this.isClosed) {
        const { kind, bytes } = this.#inbox.shift()!;
        this.#take(kind, bytes);
      }
    });
  }

  #closeWhenBothEnded(): void {
    if (!this.isClosed && this.#endReceived && this.#outgoing?.endSent) this.#close(undefined);
  }

  #close(error: NetworkError | undefined): void {
    this.#state = 'closed';
    this.#inbox = [];
    this.#early = [];
    this.#earlyBytes = 0;
    this.#holder.connections.delete(this);
    this.#later('close', () => this.#closeHandler?.(error));
  }

  #later(kind: string, callback: () => void): void {
    this.#scheduler.schedule(0, kind, this.#holder.owner, callback);
  }
}
