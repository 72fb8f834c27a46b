import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CliError } from '../cli-error.ts';
import { variablesFor } from '../client-variables.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Plan } from './up-options.ts';

/** Exit codes of shells for a command that cannot be started. */
const notExecutable = 126;
const notThere = 127;

/** Where the cluster is, as programs in any language look for it. */
export function environmentFor({ brokers }: Plan): Record<string, string> {
  const addresses = brokers.map(({ port }) => `localhost:${port}`);
  return variablesFor({ servers: addresses.join(','), oneServer: addresses[0]!, url: `http://${addresses[0]}` });
}

/** The command of `up -- CMD`, with the streams of this process. */
export class ChildCommand {
  readonly #child: ChildProcess;
  /** Its exit code; 128 and the number of the signal that ended it. */
  readonly ended: Promise<ExitCode>;

  /** @param words the program and its arguments, which no shell reads */
  constructor(words: readonly string[], environment: Readonly<Record<string, string>>) {
    const [command, args, options] = spawnable(words, process.platform);
    this.#child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...environment }, ...options });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' && error.code !== 'EACCES') return reject(error);
        const why = error.code === 'ENOENT' ? 'there is no such program' : 'it may not be executed';
        reject(new CommandNotStarted(`${words[0]}: ${why}.`, error.code === 'ENOENT' ? notThere : notExecutable));
      });
      this.#child.on('exit', (code, signal) => resolve((signal === null ? code! : 128 + constants.signals[signal]) as ExitCode));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** The command cannot be started; ends like a shell would. */
export class CommandNotStarted extends CliError {
  readonly code: ExitCode;

  constructor(message: string, code: number) {
    super(message, exitCodes.failed);
    this.code = code as ExitCode;
  }
}

/**
 * On Windows npm, npx and their like are scripts, which only a shell can start; it is given words that it takes as they are.
 * @returns what to start, with what arguments and options
 */
export function spawnable(
  words: readonly string[],
  platform: string,
): [string, string[], { shell?: boolean; windowsVerbatimArguments?: boolean }] {
  const [command = '', ...args] = words;
  if (platform !== 'win32' || /\.(exe|com)$/i.test(command)) return [command, args, {}];
  const line = words.map(forCmd).join(' ');
  return [process.env['ComSpec'] ?? 'cmd.exe', ['/d', '/s', '/c', `"${line}"`], { windowsVerbatimArguments: true }];
}

/** One word for cmd.exe: quoted for the program, and what cmd.exe itself would read marked by carets. */
function forCmd(word: string): string {
  const quoted = /^[\w./:\\@=+-]+$/.test(word) ? word : `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\*)$/, '$1$1')}"`;
  return quoted.replace(/[()%!^"<>&|;, ]/g, '^$&');
}
