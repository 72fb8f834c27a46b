import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Ends the command: its message goes to stderr, its code to whoever started it. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** A flag that cannot be taken: names the flag, the value seen, what is wrong and what to do. */
export class UsageError extends CliError {
  constructor(flag: string, value: string | number, problem: string, fix?: string) {
    super(`${flag}=${value}: ${problem}.${fix === undefined ? '' : ` ${fix}.`}`, exitCodes.usage);
    this.name = 'UsageError';
  }
}
