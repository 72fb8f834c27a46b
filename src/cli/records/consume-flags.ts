import type { Isolation } from '#client';
import { parseWhole } from '../addresses.ts';
import type { AdminFlags } from '../admin/admin-flags.ts';
import { UsageError } from '../cli-error.ts';
import { type Output, outputs, parseOutput } from './outputs.ts';
import { parseMoment, parseWhere, type Where } from './where.ts';

/** The flags of `consume` and `tail` as commander gives them. */
export interface ConsumeFlags extends AdminFlags {
  topic?: string;
  partition?: string;
  offset?: string;
  output?: string;
  o?: string[];
  format?: string;
  count?: string;
  exit?: boolean;
  until?: string;
  isolationLevel?: string;
  group?: string;
  null?: string;
}

/** The same, read and checked. */
export interface ConsumePlan {
  readonly from: Where;
  readonly until: Where | undefined;
  readonly count: number | undefined;
  readonly isolation: Isolation;
  readonly output: Output;
  readonly format: string | undefined;
  readonly nullText: string;
  readonly group: string | undefined;
  readonly exitAtEnd: boolean;
}

/** @throws UsageError */
export function readConsumeFlags(flags: ConsumeFlags, defaultFrom: Where): ConsumePlan {
  const { output, offset } = readShort(flags);
  if (flags.format !== undefined && output !== undefined)
    throw new UsageError('--format', flags.format, `--output=${output} is a form already`, 'Leave one of them out');
  const isolation = flags.isolationLevel ?? 'read_committed';
  if (isolation !== 'read_committed' && isolation !== 'read_uncommitted')
    throw new UsageError('--isolation-level', isolation, 'there is no such level', 'Use read_committed or read_uncommitted');
  if (flags.group !== undefined) checkGroup(flags, offset);
  const exitAtEnd = flags.exit === true;
  return {
    from: offset === undefined ? defaultFrom : parseWhere('--offset', offset),
    until: flags.until === undefined ? (exitAtEnd ? { at: 'end' } : undefined) : untilOf(flags.until),
    count: flags.count === undefined ? undefined : countOf(flags.count),
    isolation,
    output: output ?? 'text',
    format: flags.format,
    nullText: flags.null ?? '',
    group: flags.group,
    exitAtEnd,
  };
}

/** kcat's -o is where to begin, other programs' -o is the form of the output: the words tell which is meant. */
function readShort({ o = [], output, offset, json }: ConsumeFlags): { output: Output | undefined; offset: string | undefined } {
  const isForm = (text: string) => (outputs as readonly string[]).includes(text);
  const named = [output, ...o.filter(isForm)].filter((each) => each !== undefined);
  if (json && named.some((form) => !form.endsWith('json')))
    throw new UsageError('--output', named[0]!, 'this is not the form that --json stands for', 'Leave one of them out');
  const forms = named.length === 0 && json ? ['ndjson'] : named;
  const places = [offset, ...o.filter((text) => !isForm(text))].filter((each) => each !== undefined);
  if (new Set(forms).size > 1) throw new UsageError('--output', forms.at(-1)!, `the form is ${forms[0]} already`, 'Name one');
  if (places.length > 1) throw new UsageError('--offset', places.at(-1)!, `it begins at ${places[0]} already`, 'Name one place');
  return { output: forms[0] === undefined ? undefined : parseOutput('--output', forms[0]), offset: places[0] };
}

function checkGroup(flags: ConsumeFlags, offset: string | undefined): void {
  const group = flags.group!;
  if (group === '') throw new UsageError('--group', '', 'the name of a group has at least one character');
  const excluded = Object.entries({ '--partition': flags.partition, '--offset': offset, '--until': flags.until }).find(
    ([, value]) => value !== undefined,
  );
  if (excluded !== undefined)
    throw new UsageError(
      excluded[0],
      excluded[1]!,
      'a group says itself what its members read, and from where',
      `Leave it out, or --group=${group}`,
    );
  if (flags.isolationLevel === 'read_uncommitted')
    throw new UsageError('--isolation-level', flags.isolationLevel, 'members of a group read what is committed', 'Leave it out');
}

function untilOf(text: string): Where {
  return /^@|^s@/.test(text) || /^[0-9]{4}-/.test(text)
    ? { at: 'time', timestamp: parseMoment('--until', text.replace(/^s?@/, '')) }
    : parseWhere('--until', text);
}

function countOf(text: string): number {
  const count = parseWhole(text);
  if (count === undefined || count === 0) throw new UsageError('--count', text, 'this is a whole number from 1');
  return count;
}
