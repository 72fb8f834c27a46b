import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection that sends what it is told and shows what comes back, frame by frame. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;
  #wake = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => {}); // a reset is a close
    socket.once('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    const connection = new RawConnection(socket);
    socket.once('end', () => socket.end());
    return connection;
  }

  send(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#socket.write(piece);
  }

  /** Nothing more will be sent. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next frame, without its length, or 'closed'. @throws when neither comes in time */
  async next(timeoutMs = 5_000): Promise<Buffer | 'closed'> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#isClosed) return 'closed';
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`neither an answer nor a close in ${timeoutMs} ms (${this.#received.length} bytes came)`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #take(): Buffer | undefined {
    if (this.#received.length < 4) return undefined;
    const end = 4 + this.#received.readInt32BE(0);
    if (this.#received.length < end) return undefined;
    const frame = this.#received.subarray(4, end);
    this.#received = this.#received.subarray(end);
    return frame;
  }
}
