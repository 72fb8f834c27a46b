import type { Socket } from 'node:net';

/** The door to the network: streams of bytes between addresses. */
export interface Network {
  /**
   * Listens on every one of `hosts` at one port; port 0 lets the system choose (the same one for all hosts).
   * A host whose address family the machine lacks is passed over as long as one works.
   * @throws NetworkError EADDRINUSE, EACCES, EADDRNOTAVAIL
   */
  listen(options: { hosts: readonly string[]; port: number }, onConnection: (connection: Connection) => void): Promise<Listener>;
  /** Starts to connect and returns at once; what is written meanwhile is kept. A failure arrives as `onClose(error)`. */
  connect(address: Address, options?: { timeoutMs?: number }): Connection;
}

export interface Address {
  host: string;
  port: number;
}

/** Does the host mean the machine that says it, whichever that is? */
export function isLoopback(host: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
}

export interface Listener {
  readonly port: number;
  /** Stops accepting; open connections stay. */
  close(): Promise<void>;
}

/**
 * One stream. Handlers are set once, right after the connection is handed over. No data arrives before `onData` is set nor while
 * paused. `onClose` is called exactly once, last, also after {@link destroy}.
 */
export interface Connection {
  /** Of the other end; the address that a client dialled from. */
  readonly remote: Address;
  /** Of this end: the address that the other side dialled, for an accepted connection. */
  readonly local: Address;
  onConnect(handler: () => void): void;
  /** The buffer is the receiver's: nobody writes to it again. */
  onData(handler: (bytes: Buffer) => void): void;
  /** The other side will send no more (half-closed). Default: end our side too. */
  onEnd(handler: () => void): void;
  /** All that was written has left this process after {@link write} had answered false. */
  onDrain(handler: () => void): void;
  /** The connection is gone; with an error when it did not end in good order. */
  onClose(handler: (error?: NetworkError) => void): void;
  /** Queues bytes, in order, by reference: they must not change until sent. False: more than the high-water mark is waiting, hold back until drain. After {@link end} or the close it is dropped. */
  write(buffers: readonly Uint8Array[]): boolean;
  /** Bytes written and not yet gone. */
  readonly pendingBytes: number;
  /** Stops reading; what the peer sends then waits in its own buffers. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes now; queued bytes are lost. */
  destroy(): void;
  /**
   * Gives the underlying socket away, with the bytes that were read already put back in front, for a protocol that brings its own machinery
   * (HTTP, TLS). No handler is called afterwards. A simulated network gives a stream with what HTTP uses of a socket. Undefined where there is neither.
   */
  detach(unread: Buffer): Socket | undefined;
}

/** What a network operation failed with. `code` is the system's name: ECONNREFUSED, ECONNRESET, ETIMEDOUT, EADDRINUSE, ... */
export class NetworkError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NetworkError';
    this.code = code;
  }
}
