import { type ExitCode, exitCodes } from './exit-codes.ts';
import { tell } from './tell.ts';

/** Whoever reads our output has gone away, as `head` does: that is an end like any other. */
export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EOF';
}

const ignore = () => {};

/** Knows whether what is written to stdout arrives, whichever command writes it. */
export class StandardOutput {
  #failure: NodeJS.ErrnoException | undefined;

  readonly #onError = (error: NodeJS.ErrnoException) => {
    this.#failure ??= error;
  };

  constructor() {
    process.stdout.on('error', this.#onError);
    // What is for people and cannot be said changes nothing.
    if (!process.stderr.listeners('error').includes(ignore)) process.stderr.on('error', ignore);
  }

  hasFailedWith(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure === error;
  }

  /** Waits until all is written, and says so when that fails. @returns what to end with */
  async end(code: ExitCode): Promise<ExitCode> {
    // What was written at once has failed by the next tick. The rest is waited for, as on Windows with a pipe.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (process.stdout.writableLength > 0) await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    process.stdout.off('error', this.#onError);
    if (this.#failure === undefined || isReaderGone(this.#failure)) return code;
    tell(`error: the output cannot be written: ${this.#failure.message}.`);
    return code === exitCodes.ok ? exitCodes.failed : code;
  }
}
