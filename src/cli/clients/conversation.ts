import { createInterface, type Interface } from 'node:readline';

/** Lines read ahead of the questions before a pipe is held back. */
const maxLinesAhead = 1_000;

/** The streams that a client talks through; the process's own, or a test's. */
export interface Streams {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
  errors: NodeJS.WritableStream;
}

/**
 * Questions and answers, from a terminal (with line editing and history) or from a pipe. Lines that come faster than the questions wait
 * for them in order.
 */
export class Conversation {
  /** Is there someone who can be asked again? */
  readonly isInteractive: boolean;
  readonly #streams: Streams;
  readonly #readline: Interface;
  readonly #lines: string[] = [];
  #ended = false;
  #waiting: ((line: string | undefined) => void) | undefined;

  /** @param onInterrupt Ctrl-C, where the terminal hands it over as a key */
  constructor(streams: Streams, onInterrupt: () => void) {
    this.#streams = streams;
    this.isInteractive = Boolean(streams.input.isTTY && streams.output.isTTY);
    this.#readline = this.isInteractive
      ? createInterface({ input: streams.input, output: streams.output, terminal: true })
      : createInterface({ input: streams.input, crlfDelay: Number.POSITIVE_INFINITY });
    this.#readline.on('line', (line) => this.#receive(line));
    this.#readline.on('close', () => this.#end());
    this.#readline.on('SIGINT', onInterrupt);
  }

  /** Prints the prompt and gives the next line without its end, or undefined when there are no more. */
  ask(prompt: string): Promise<string | undefined> {
    if (this.isInteractive && !this.#ended) {
      this.#readline.setPrompt(prompt);
      this.#readline.prompt();
    } else {
      this.#streams.output.write(prompt);
    }
    const line = this.#lines.shift();
    if (line !== undefined) {
      if (this.isInteractive) this.#streams.output.write(`${line}\n`);
      if (this.#lines.length < maxLinesAhead / 2) this.#resume();
      return Promise.resolve(line);
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** A line on stdout; resolves when there is room for more. */
  say(line: string): Promise<void> {
    const { output } = this.#streams;
    if (output.write(`${line}\n`)) return Promise.resolve();
    return new Promise((resolve) => {
      output.once('drain', resolve);
    });
  }

  /** A line on stderr. */
  note(line: string): void {
    this.#streams.errors.write(`${line}\n`);
  }

  /** No more questions; the terminal is as it was. */
  close(): void {
    this.#readline.close();
  }

  #receive(line: string): void {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting(line);
      return;
    }
    this.#lines.push(line);
    if (this.#lines.length >= maxLinesAhead) this.#readline.pause();
  }

  #resume(): void {
    if (!this.#ended) this.#readline.resume();
  }

  #end(): void {
    this.#ended = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}
