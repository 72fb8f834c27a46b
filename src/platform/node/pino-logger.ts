import { createRequire } from 'node:module';
import type { Logger } from '../log.ts';
import { humanLine } from './human-line.ts';

/** A stream that takes whole lines. */
export interface LineDestination {
  write(line: string): unknown;
}

/**
 * A logger that writes lines to stderr, so that stdout stays for what programs read. The lines are written at once, from this thread:
 * what is logged right before the process dies is there. Where they cannot be written, as to a file on a full disk, the program goes on without.
 * @param options.format 'human': one readable line per event; 'json': one object per line. Default: human on a terminal, else JSON.
 */
export function pinoLogger(
  options: { level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'; format?: 'human' | 'json'; destination?: LineDestination } = {},
): Logger {
  // Loaded on first use: an embedded cluster that logs nothing does not pay for it.
  const { pino } = createRequire(import.meta.url)('pino') as typeof import('pino');
  const format = options.format ?? (process.stderr.isTTY ? 'human' : 'json');
  const destination = options.destination ?? standardError(pino);
  return pino(
    {
      level: options.level ?? 'info',
      // pid and hostname are left to whoever collects the lines.
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
    },
    format === 'json' ? destination : { write: (line: string) => destination.write(humanLine(line)) },
  );
}

/** What waits for a disk that is full, or the like, until lines are lost. */
const mostUnwrittenBytes = 1024 * 1024;

function standardError(pino: typeof import('pino').pino): LineDestination {
  const stream = pino.destination({ dest: 2, sync: true, maxLength: mostUnwrittenBytes });
  // Who listens keeps an error from being thrown. The next line is tried all the same.
  stream.on('error', () => {});
  return stream;
}
