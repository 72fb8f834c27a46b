import type { Socket } from 'node:net';
import { highWaterMark } from '../high-water-mark.ts';
import { type Address, type Connection, NetworkError } from '../network.ts';
import { toNetworkError } from './network-error.ts';

/** A socket of the host. It wants `allowHalfOpen`: ending our side is decided here. */
export class NodeConnection implements Connection {
  readonly remote: Address;
  readonly #socket: Socket;
  /** What an error message calls the other end. */
  readonly #peer: string;
  #data: ((bytes: Buffer) => void) | undefined;
  #connect: (() => void) | undefined;
  #end: (() => void) | undefined;
  #drain: (() => void) | undefined;
  #close: ((error?: NetworkError) => void) | undefined;
  #error: NetworkError | undefined;
  #drainWanted = false;
  /** No more writes: ended, destroyed, or given away. */
  #finished = false;
  #destroyed = false;
  #paused = false;
  #connectTimeout: NodeJS.Timeout | undefined;

  constructor(socket: Socket, dialled?: { address: Address; timeoutMs: number | undefined }) {
    this.#socket = socket;
    this.remote = dialled?.address ?? { host: withoutMapping(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.#peer = `${dialled ? 'connecting to' : 'connection from'} ${this.remote.host}:${this.remote.port}`;
    socket.on('connect', this.#onConnect);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    const timeoutMs = dialled?.timeoutMs;
    if (timeoutMs !== undefined) {
      this.#connectTimeout = setTimeout(() => {
        socket.destroy(new NetworkError('ETIMEDOUT', `${this.#peer}: no answer within ${timeoutMs} ms`));
      }, timeoutMs).unref();
    }
  }

  get local(): Address {
    return { host: withoutMapping(this.#socket.localAddress), port: this.#socket.localPort ?? 0 };
  }

  get pendingBytes(): number {
    return this.#destroyed ? 0 : this.#socket.writableLength;
  }

  onConnect(handler: () => void): void {
    this.#connect = handler;
  }

  onData(handler: (bytes: Buffer) => void): void {
    const first = this.#data === undefined;
    this.#data = handler;
    if (first) this.#socket.on('data', this.#onData);
    if (this.#paused) this.#socket.pause();
    // It may have been paused, and told to go on, before anybody read.
    else if (first && this.#socket.isPaused()) this.#socket.resume();
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
    if (this.#finished) return true;
    const socket = this.#socket;
    if (buffers.length === 1) {
      socket.write(buffers[0]!);
    } else {
      // Corked, they leave in one system call.
      socket.cork();
      for (const buffer of buffers) socket.write(buffer);
      socket.uncork();
    }
    if (socket.writableLength <= highWaterMark) return true;
    this.#drainWanted = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    // Without a receiver the socket would throw the bytes away.
    if (this.#data && !this.#destroyed) this.#socket.resume();
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#socket.end();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#finished = true;
    this.#destroyed = true;
    this.#socket.destroy();
  }

  detach(unread: Buffer): Socket {
    const socket = this.#socket;
    this.#finished = true;
    this.#destroyed = true;
    clearTimeout(this.#connectTimeout);
    socket.off('connect', this.#onConnect);
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    // Neither flowing nor paused, like a fresh socket: its next reader starts it.
    socket.pause();
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    if (unread.length > 0) socket.unshift(unread);
    return socket;
  }

  readonly #onConnect = (): void => {
    clearTimeout(this.#connectTimeout);
    if (!this.#destroyed) this.#connect?.();
  };

  readonly #onData = (bytes: Buffer): void => {
    // The stream may still hand out what it had read when it was destroyed.
    if (!this.#destroyed) this.#data?.(bytes);
  };

  readonly #onEnd = (): void => {
    if (this.#destroyed) return;
    if (this.#end) this.#end();
    else this.end();
  };

  readonly #onDrain = (): void => {
    if (!this.#drainWanted || this.#destroyed) return;
    this.#drainWanted = false;
    this.#drain?.();
  };

  readonly #onError = (error: Error): void => {
    this.#error ??= toNetworkError(error, this.#peer);
  };

  readonly #onClose = (): void => {
    clearTimeout(this.#connectTimeout);
    const byUs = this.#destroyed;
    this.#finished = true;
    this.#destroyed = true;
    this.#close?.(byUs ? undefined : this.#error);
  };
}

/** An IPv4 caller of a socket that listens on both families shows as ::ffff:1.2.3.4. */
function withoutMapping(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
