import { parseDatetime, parseDuration, type ResetScope, type ResetTarget, type TopicPartition } from '#client';
import { parseWhole } from '../addresses.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** Which partitions a command is about. */
export interface ScopeFlags {
  topic?: string[];
  allTopics?: boolean;
}

/** Where a group is to go on, as commander gives it. */
export interface TargetFlags {
  toEarliest?: boolean;
  toLatest?: boolean;
  toCurrent?: boolean;
  toOffset?: string;
  shiftBy?: string;
  toDatetime?: string;
  byDuration?: string;
  fromFile?: string;
}

/** @throws CliError, UsageError */
export function readScope({ topic, allTopics }: ScopeFlags): ResetScope {
  if (topic !== undefined && allTopics)
    throw new UsageError('--topic', topic.join(), '--all-topics takes all that the group has committed', 'Leave one of them out');
  if (allTopics) return 'committed';
  if (topic === undefined)
    throw new CliError(
      'Name what it is about: --topic (may be repeated), as in --topic=orders or --topic=orders:0,1; or --all-topics.',
      exitCodes.usage,
    );
  return topic.map((text) => {
    const [, name, list] = /^([^:]+)(?::([0-9,]+))?$/.exec(text) ?? [];
    if (name === undefined)
      throw new UsageError('--topic', text, 'this is not a topic', 'Write NAME, or NAME:PARTITION,... for some of its partitions');
    if (list === undefined) return { topic: name, partitions: 'all' as const };
    const partitions = list.split(',').map(parseWhole);
    if (partitions.some((each) => each === undefined))
      throw new UsageError('--topic', text, 'partitions are numbers, with commas between them');
    return { topic: name, partitions: partitions as number[] };
  });
}

/**
 * @param now milliseconds since 1970
 * @param readFile the text of a file
 * @throws CliError, UsageError
 */
export function readTarget(flags: TargetFlags, groupId: string, now: number, readFile: (path: string) => string): ResetTarget {
  const given = (Object.keys(targets) as (keyof TargetFlags)[]).filter((flag) => flags[flag] !== undefined);
  const [only] = given;
  if (only === undefined)
    throw new CliError(`Say where the group is to go on, by one of ${Object.values(targets).join(', ')}.`, exitCodes.usage);
  if (given.length > 1)
    throw new CliError(`${given.map((flag) => targets[flag]).join(' and ')} exclude each other: give one of them.`, exitCodes.usage);
  switch (only) {
    case 'toEarliest':
      return { to: 'earliest' };
    case 'toLatest':
      return { to: 'latest' };
    case 'toCurrent':
      return { to: 'current' };
    case 'toOffset':
      return { to: 'offset', offset: readInteger('--to-offset', flags.toOffset!) };
    case 'shiftBy':
      return { to: 'shift', by: readInteger('--shift-by', flags.shiftBy!) };
    case 'toDatetime':
      return { to: 'time', timestamp: BigInt(readDatetime(flags.toDatetime!)) };
    case 'byDuration':
      return { to: 'time', timestamp: BigInt(now - readDuration(flags.byDuration!)) };
    case 'fromFile':
      return { to: 'given', offsets: readPlan(flags.fromFile!, groupId, readFile(flags.fromFile!)) };
  }
}

const targets: Record<keyof TargetFlags, string> = {
  toEarliest: '--to-earliest',
  toLatest: '--to-latest',
  toCurrent: '--to-current',
  toOffset: '--to-offset',
  shiftBy: '--shift-by',
  toDatetime: '--to-datetime',
  byDuration: '--by-duration',
  fromFile: '--from-file',
};

function readInteger(flag: string, text: string): bigint {
  if (!/^[+-]?[0-9]{1,18}$/.test(text)) throw new UsageError(flag, text, 'this is not a whole number');
  return BigInt(text.replace(/^\+/, ''));
}

/** @throws UsageError */
export function readDatetime(text: string): number {
  const time = parseDatetime(text);
  if (time !== undefined) return time;
  const fix = 'Write 2026-11-25T08:30:00.000, in UTC unless a zone follows, as in +01:00';
  throw new UsageError('--to-datetime', text, 'this is not a moment', fix);
}

/** Milliseconds. @throws UsageError */
export function readDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return durationMs;
  throw new UsageError('--by-duration', text, 'this is not a duration', 'Write PnDTnHnMnS, as in P1D, PT1H30M or PT90S');
}

/** Lines of topic,partition,offset, or of group,topic,partition,offset, as Kafka's tool exports them. @throws UsageError */
function readPlan(path: string, groupId: string, text: string): (TopicPartition & { offset: bigint })[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const offsets = lines.flatMap((line, index) => {
    if (line === '') return [];
    const cells = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    if (cells.length === 4 && cells.shift() !== groupId) return [];
    const [topic = '', partition, offset] = cells;
    if (cells.length !== 3 || topic === '' || !/^\d{1,9}$/.test(partition!) || !/^\d{1,18}$/.test(offset!))
      throw new UsageError('--from-file', path, `line ${index + 1} is not topic,partition,offset`);
    return [{ topic, partition: Number(partition), offset: BigInt(offset!) }];
  });
  if (offsets.length === 0) throw new UsageError('--from-file', path, `it says nothing of group ${groupId}`);
  return offsets;
}
