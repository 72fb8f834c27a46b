import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url));

/** For tests: this program as a process, with what it says and a way to answer it. */
export class Program {
  /** All of stdout so far. */
  output = '';
  /** All of stderr so far. */
  errors = '';
  readonly process: ChildProcess;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  #isOver = false;
  #onChange: (() => void)[] = [];

  constructor(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    this.process = spawn(command, args, { stdio: 'pipe', cwd: options.cwd, env: { ...process.env, NO_COLOR: '1', ...options.env } });
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => this.#change(() => (this.output += text)));
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => this.#change(() => (this.errors += text)));
    this.process.stdin!.on('error', () => {});
    this.ended = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', (code, signal) => {
        this.#change(() => (this.#isOver = true));
        resolve(code ?? signal!);
      });
    });
  }

  /** Waits until stdout contains the text, `times` times. @throws Error with all that it said, when it ends before or takes too long */
  async until(text: string, { times = 1, timeoutMs = 20_000 }: { times?: number; timeoutMs?: number } = {}): Promise<void> {
    await this.#until(() => this.output.split(text).length > times, `"${text}" on stdout`, timeoutMs);
  }

  /** The same for stderr. */
  async untilError(text: string, timeoutMs = 20_000): Promise<void> {
    await this.#until(() => this.errors.includes(text), `"${text}" on stderr`, timeoutMs);
  }

  type(text: string): void {
    this.process.stdin!.write(text);
  }

  endInput(): void {
    this.process.stdin!.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async #until(isThere: () => boolean, what: string, timeoutMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    while (!isThere()) {
      if (this.#isOver || deadline.aborted) {
        const why = this.#isOver ? 'it ended' : `${timeoutMs} ms passed`;
        throw new Error(`${why} without ${what}.\nstdout:\n${this.output}\nstderr:\n${this.errors}`);
      }
      await new Promise<void>((resolve) => {
        this.#onChange.push(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #change(change: () => void): void {
    change();
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}

/** Runs `node src/main.ts` with these arguments. */
export function runMain(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Program {
  return new Program(process.execPath, [mainFile, ...args], options);
}

/**
 * The same behind a pseudo-terminal, made by util-linux's `script`. Both of its streams come as stdout. Without `exec` some shells stay in
 * between, and die of the Ctrl-C that the program outlives.
 * @param options.input a file in place of the terminal's keys
 */
export function runMainInTerminal(
  args: readonly string[],
  { input, ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Program {
  const command = [process.execPath, mainFile, ...args].map(quoted).join(' ');
  const from = input === undefined ? '' : ` < ${quoted(input)}`;
  return new Program('script', ['-qec', `exec ${command}${from}`, '/dev/null'], { ...options, env: { TERM: 'xterm', ...options.env } });
}

/** The same by bash, with more on the command line, as `> /dev/full` or `| head -1`. What fails in a pipe is what it ends with. */
export function runMainInShell(args: readonly string[], more: string): Program {
  return new Program('bash', ['-o', 'pipefail', '-c', `${[process.execPath, mainFile, ...args].map(quoted).join(' ')} ${more}`]);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
