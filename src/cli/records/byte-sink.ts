import type { Writable } from 'node:stream';
import { isReaderGone } from '../standard-output.ts';

/** Whoever read our output has gone away, as `head` does. */
export class OutputGone extends Error {}

const flushAtBytes = 128 * 1024;

/** Collects output, so that many records leave at once, and waits for whoever reads it. */
export class ByteSink {
  readonly #stream: Writable;
  #chunks: Buffer[] = [];
  #text = '';
  #bytes = 0;
  #failure: Error | undefined;
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  #rejectPending: ((error: Error) => void) | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    this.#onError = (error) => {
      this.#failure = isReaderGone(error) ? new OutputGone() : error;
      this.#rejectPending?.(this.#failure);
    };
    stream.on('error', this.#onError);
  }

  text(text: string): void {
    this.#text += text;
    this.#bytes += text.length;
  }

  bytes(bytes: Buffer): void {
    this.#seal();
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
  }

  get isFull(): boolean {
    return this.#bytes >= flushAtBytes;
  }

  /** Resolves when the system has it. @throws OutputGone; Error when it cannot be written, as to a full disk */
  async flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#seal();
    if (this.#chunks.length === 0) return;
    const chunk = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    await new Promise<void>((resolve, reject) => {
      this.#rejectPending = reject;
      this.#stream.write(chunk, (error) => {
        if (error === null || error === undefined) resolve();
      });
    });
  }

  #seal(): void {
    if (this.#text === '') return;
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = '';
  }
}
