import { Duplex } from 'node:stream';
import type { Address, Connection } from '../network.ts';

/**
 * A simulated connection in the shape of Node's stream, for a protocol that brings its own machinery (HTTP). Only what that machinery uses of a
 * net.Socket beyond the stream is there; it has no timeout of its own, as its owner's timers would be those of the real world.
 */
export class SimulatedSocket extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #connection: Connection;
  #drained: (() => void) | undefined;

  constructor(connection: Connection & { readonly remote: Address }, unread: Buffer) {
    super({ allowHalfOpen: true });
    this.remoteAddress = connection.remote.host;
    this.remotePort = connection.remote.port;
    this.#connection = connection;
    if (unread.length > 0) this.push(unread);
    connection.onData((bytes) => {
      if (!this.push(bytes)) connection.pause();
    });
    connection.onEnd(() => this.push(null));
    connection.onDrain(() => {
      const drained = this.#drained;
      this.#drained = undefined;
      drained?.();
    });
    connection.onClose((error) => {
      if (error === undefined) this.push(null);
      this.destroy(error);
    });
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, written: () => void): void {
    if (this.#connection.write([bytes])) written();
    else this.#drained = written;
  }

  override _final(ended: () => void): void {
    this.#connection.end();
    ended();
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#connection.destroy();
    destroyed(error);
  }
}
