import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { highWaterMark } from '../high-water-mark.ts';
import { type Address, type Connection, NetworkError } from '../network.ts';

/** What a connection needs of the {@link ProcessNetwork} that it belongs to. */
export interface ConnectionOwner {
  readonly clock: Clock;
  /** What arrives is handed on so much later. */
  readonly delayMs: number;
  gone(connection: ProcessConnection): unknown;
  detached(socket: Socket): void;
}

interface Arrival {
  readonly dueAt: number;
  readonly bytes: Buffer | undefined;
  happen(): void;
}

/**
 * A connection of a {@link ProcessNetwork}. While it is cut nothing passes, in neither direction and of no kind: bytes, ends and resets wait, and the two ends do not
 * hear of each other.
 */
export class ProcessConnection implements Connection {
  readonly remote: Address;
  readonly #owner: ConnectionOwner;
  readonly #dial: (() => Connection) | undefined;
  /** Undefined as long as it was cut before it was dialled. */
  #inner: Connection | undefined;
  #isCut = false;
  /** The owner has destroyed it while it was cut: the other end is not to know. */
  #isForsaken = false;
  #isOver = false;
  #isPaused = false;
  #hasReader = false;
  #wantsEnd = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  readonly #arrivals: Arrival[] = [];
  #timer: Timer | undefined;
  #connectTimer: Timer | undefined;
  #onConnect: (() => void) | undefined;
  #onData: ((bytes: Buffer) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onDrain: (() => void) | undefined;
  #onClose: ((error?: NetworkError) => void) | undefined;

  /** @param inner an accepted connection, or how to dial one */
  constructor(
    owner: ConnectionOwner,
    inner: Connection | { readonly to: Address; dial(): Connection; readonly timeoutMs?: number | undefined },
    isCut: boolean,
  ) {
    this.#owner = owner;
    this.#isCut = isCut;
    if (!('dial' in inner)) {
      this.remote = inner.remote;
      this.#attach(inner);
      return;
    }
    this.remote = inner.to;
    this.#dial = inner.dial;
    if (!isCut) {
      this.#attach(inner.dial());
    } else if (inner.timeoutMs !== undefined) {
      const { host, port } = inner.to;
      const late = new NetworkError('ETIMEDOUT', `connecting to ${host}:${port}: no answer within ${inner.timeoutMs} ms`);
      this.#connectTimer = owner.clock.after(inner.timeoutMs, () => {
        if (this.#inner === undefined) this.#closed(late);
      });
    }
  }

  get local(): Address {
    return this.#inner?.local ?? { host: '', port: 0 };
  }

  get pendingBytes(): number {
    return this.#isOver || this.#isForsaken ? 0 : this.#heldBytes + (this.#inner?.pendingBytes ?? 0);
  }

  onConnect(handler: () => void): void {
    this.#onConnect = handler;
  }

  onData(handler: (bytes: Buffer) => void): void {
    this.#onData = handler;
    this.#read();
  }

  onEnd(handler: () => void): void {
    this.#onEnd = handler;
  }

  onDrain(handler: () => void): void {
    this.#onDrain = handler;
  }

  onClose(handler: (error?: NetworkError) => void): void {
    this.#onClose = handler;
  }

  write(buffers: readonly Uint8Array[]): boolean {
    if (this.#isOver || this.#isForsaken || this.#wantsEnd) return true;
    if (!this.#isCut && this.#inner !== undefined) return this.#inner.write(buffers);
    for (const buffer of buffers) {
      this.#held.push(buffer);
      this.#heldBytes += buffer.length;
    }
    return this.pendingBytes <= highWaterMark;
  }

  pause(): void {
    this.#isPaused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isCut) this.#inner?.resume();
    this.#deliver();
  }

  end(): void {
    this.#wantsEnd = true;
    if (!this.#isCut) this.#inner?.end();
  }

  destroy(): void {
    if (this.#isOver || this.#isForsaken) return;
    if (this.#isCut) {
      this.#isForsaken = true;
      this.#held = [];
      this.#owner.clock.after(0, () => this.#tellClosed());
      if (this.#inner === undefined) this.#over();
      return;
    }
    this.#arrivals.length = 0;
    this.#inner?.destroy();
  }

  detach(unread: Buffer): Socket | undefined {
    const late = this.#arrivals.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
    const socket = this.#inner?.detach(late.length === 0 ? unread : Buffer.concat([unread, ...late]));
    if (socket !== undefined) this.#owner.detached(socket);
    this.#over();
    return socket;
  }

  /** Takes the way between the two ends away, or gives it back, with all that has waited. */
  setCut(isCut: boolean): void {
    if (this.#isOver || isCut === this.#isCut) return;
    this.#isCut = isCut;
    if (isCut) {
      this.#inner?.pause();
      return;
    }
    if (this.#isForsaken) {
      this.#inner?.destroy();
      this.#over();
      return;
    }
    if (this.#inner === undefined) this.#attach(this.#dial!());
    const [held, inner] = [this.#held, this.#inner!];
    this.#held = [];
    this.#heldBytes = 0;
    if (held.length > 0 && inner.write(held)) this.#drained();
    if (this.#wantsEnd) inner.end();
    if (!this.#isPaused) inner.resume();
    this.#deliver();
  }

  /** The process is gone, and the system ends what it had. Nobody hears of anything any more. */
  kill(): void {
    this.#onConnect = this.#onData = this.#onEnd = this.#onDrain = this.#onClose = undefined;
    this.#inner?.destroy();
    this.#over();
  }

  #attach(inner: Connection): void {
    this.#inner = inner;
    this.#connectTimer?.cancel();
    inner.onConnect(() => this.#arrive(undefined, () => this.#onConnect?.()));
    inner.onEnd(() =>
      this.#arrive(undefined, () => {
        if (this.#onEnd !== undefined) this.#onEnd();
        else this.end();
      }),
    );
    inner.onDrain(() => this.#drained());
    inner.onClose((error) => this.#arrive(undefined, () => this.#closed(error)));
    if (this.#isCut || this.#isPaused) inner.pause();
    this.#read();
  }

  #read(): void {
    if (this.#hasReader || this.#onData === undefined || this.#inner === undefined) return;
    this.#hasReader = true;
    this.#inner.onData((bytes) => this.#arrive(bytes, () => this.#onData?.(bytes)));
  }

  #drained(): void {
    if (!this.#isCut && !this.#isOver) this.#onDrain?.();
  }

  #arrive(bytes: Buffer | undefined, happen: () => void): void {
    const { clock, delayMs } = this.#owner;
    if (this.#arrivals.length === 0 && delayMs === 0 && this.#mayDeliver(bytes)) {
      happen();
      return;
    }
    this.#arrivals.push({ dueAt: clock.monotonic() + delayMs, bytes, happen });
    this.#deliver();
  }

  #mayDeliver(bytes: Buffer | undefined): boolean {
    return !this.#isCut && !(bytes !== undefined && this.#isPaused);
  }

  #deliver(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (!this.#isOver) {
      const next = this.#arrivals[0];
      if (next === undefined || !this.#mayDeliver(next.bytes)) return;
      const { clock } = this.#owner;
      const waitMs = next.dueAt - clock.monotonic();
      if (waitMs > 0) {
        this.#timer = clock.after(waitMs, () => this.#deliver());
        return;
      }
      this.#arrivals.shift();
      next.happen();
    }
  }

  #closed(error: NetworkError | undefined): void {
    if (this.#isOver) return;
    this.#over();
    this.#tellClosed(error);
  }

  #tellClosed(error?: NetworkError): void {
    const tell = this.#onClose;
    this.#onClose = undefined;
    tell?.(error);
  }

  #over(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#connectTimer?.cancel();
    this.#arrivals.length = 0;
    this.#held = [];
    this.#heldBytes = 0;
    this.#owner.gone(this);
  }
}
