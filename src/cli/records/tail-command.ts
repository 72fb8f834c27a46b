import { parseWhole } from '../addresses.ts';
import { UsageError } from '../cli-error.ts';
import type { ExitCode } from '../exit-codes.ts';
import { runConsume } from './consume-command.ts';
import type { ConsumeFlags } from './consume-flags.ts';

/** `tail`: what arrives, after the last records that are there. */
export function runTail(topic: string | undefined, { last, ...flags }: ConsumeFlags & { last: string }): Promise<ExitCode> {
  const count = parseWhole(last);
  if (count === undefined) throw new UsageError('--last', last, 'this is a whole number');
  return runConsume(topic, flags, { at: 'before end', count: BigInt(count) }, 'tail');
}
