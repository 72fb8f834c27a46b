import type { Clock } from '#platform';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { onStopSignals } from '../signals.ts';

/** Ctrl-C and its like, for a command that has something to bring to an end first. */
export class Stopping {
  /** With what the process is to end; undefined while nobody wants it to stop. */
  code: ExitCode | undefined;
  /** Resolves at the first signal. */
  readonly asked: Promise<'stop'>;
  readonly letGo: () => void;

  constructor(clock: Clock) {
    let tell: (value: 'stop') => void = () => {};
    this.asked = new Promise((resolve) => {
      tell = resolve;
    });
    this.letGo = onStopSignals(clock, {
      once: (code) => {
        this.code = code;
        tell('stop');
      },
      // Who asks twice does not want to wait for anything.
      again: (code) => process.exit(code),
    });
  }

  get exitCode(): ExitCode {
    return this.code ?? exitCodes.ok;
  }
}
