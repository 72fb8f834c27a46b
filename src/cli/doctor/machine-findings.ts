import { newerNodeNeeded } from '#platform';
import type { Finding } from './finding.ts';

/** Less than this on the disk is a warning, or much less a failure. */
const littleBytes = 5e9;
const tooLittleBytes = 5e8;

export function nodeFinding(version: string): Finding {
  const needed = newerNodeNeeded(version);
  return { what: 'Node', seen: version, ...(needed === undefined ? { level: 'ok' } : { level: 'fail', advice: `Use ${needed}.` }) };
}

/** @param bytes undefined where the system does not tell */
export function diskFinding(directory: string, bytes: number | undefined): Finding {
  const what = `Disk of ${directory}`;
  if (bytes === undefined)
    return { what, level: 'warn', seen: 'nobody says how much is free', advice: 'See that there is room, as with df.' };
  const seen = `${(bytes / 1e9).toFixed(1)} GB free`;
  if (bytes < tooLittleBytes) return { what, level: 'fail', seen, advice: 'Make room, or name another directory by --data.' };
  if (bytes < littleBytes)
    return { what, level: 'warn', seen, advice: 'Make room before it is full: a broker whose disk is full takes no more records.' };
  return { what, level: 'ok', seen };
}

/** @param why undefined when the port is free */
export function portFinding(port: number, why: string | undefined): Finding {
  const what = `Port ${port}`;
  if (why === undefined) return { what, level: 'ok', seen: 'free' };
  return {
    what,
    level: 'warn',
    seen: why,
    advice: `If that is no broker of yours, choose another port, as in up --port=${port + 100}; if it is one, ask it: doctor -b localhost:${port}.`,
  };
}
