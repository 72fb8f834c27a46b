import {
  type Cluster,
  earliest,
  type Isolation,
  type KnownTopic,
  latest,
  nameOf,
  offsetsFor,
  parseDatetime,
  type ReadRange,
} from '#client';
import { parseWhole } from '../addresses.ts';
import { UsageError } from '../cli-error.ts';

/** A place in a partition, before the cluster is asked which offset that is. */
export type Where =
  | { readonly at: 'beginning' | 'end' }
  | { readonly at: 'offset'; readonly offset: bigint }
  /** So many offsets after the beginning. */
  | { readonly at: 'after beginning'; readonly count: bigint }
  /** So many offsets before the end. */
  | { readonly at: 'before end'; readonly count: bigint }
  /** The first record of that time or later. */
  | { readonly at: 'time'; readonly timestamp: bigint };

const fix =
  'Write beginning, end, an offset, +N (after the beginning), -N (before the end), or @ and a moment (@1764057600000, @2026-11-25T08:30:00)';

/** @throws UsageError */
export function parseWhere(flag: string, text: string): Where {
  if (text === 'beginning' || text === 'start') return { at: 'beginning' };
  if (text === 'end') return { at: 'end' };
  const [, sign, digits] = /^([+-]?)([0-9]{1,18})$/.exec(text) ?? [];
  if (digits !== undefined) {
    const count = BigInt(digits);
    if (sign === '+') return { at: 'after beginning', count };
    return sign === '-' ? { at: 'before end', count } : { at: 'offset', offset: count };
  }
  const moment = /^s?@(.+)$/.exec(text)?.[1];
  if (moment !== undefined) return { at: 'time', timestamp: parseMoment(flag, moment) };
  throw new UsageError(flag, text, 'this is no place in a topic', fix);
}

/** Milliseconds since 1970, or a date and time. @throws UsageError */
export function parseMoment(flag: string, text: string): bigint {
  if (/^[0-9]{1,18}$/.test(text)) return BigInt(text);
  const time = parseDatetime(text);
  if (time !== undefined) return BigInt(time);
  throw new UsageError(
    flag,
    text,
    'this is not a moment',
    'Write milliseconds since 1970, or 2026-11-25T08:30:00.000, in UTC unless a zone follows',
  );
}

/** Partitions in a list with commas, all of them when there is none. @throws UsageError */
export function parsePartitions(flag: string, text: string | undefined, topic: KnownTopic): number[] {
  if (text === undefined) return topic.partitions.map(({ partition }) => partition);
  const partitions = text.split(',').map((each) => parseWhole(each.trim()));
  const wrong = partitions.find((each) => each === undefined || each >= topic.partitions.length);
  if (partitions.includes(undefined) || wrong !== undefined)
    throw new UsageError(flag, text, `the partitions of ${topic.name} are numbers from 0 to ${topic.partitions.length - 1}`);
  return [...new Set(partitions as number[])];
}

export interface Wanted {
  readonly partitions: readonly number[];
  readonly from: Where;
  /** undefined: for ever. */
  readonly until: Where | undefined;
  readonly isolation: Isolation;
}

/** Which offsets that is, asked all at once. @throws KafkaError */
export async function rangesOf(
  cluster: Cluster,
  topic: KnownTopic,
  { partitions, from, until, isolation }: Wanted,
  note: (line: string) => void,
): Promise<ReadRange[]> {
  const find = async (timestamp: bigint) => {
    const asked = partitions.map((partition) => ({ topic: topic.name, partition, timestamp }));
    const found = await offsetsFor(cluster, asked, isolation);
    return found.map((each) => {
      if ('error' in each) throw each.error;
      return each.value.offset;
    });
  };
  const [beginnings, ends] = await Promise.all([find(earliest), find(latest)]);
  const resolve = async (where: Where) => {
    const found = where.at === 'time' ? await find(where.timestamp) : [];
    return partitions.map((_, index) => offsetOf(where, beginnings[index]!, ends[index]!, found[index]));
  };
  const starts = await resolve(from);
  const stops = until === undefined ? undefined : await resolve(until);
  return partitions.map((partition, index) => {
    const begin = between(beginnings[index]!, starts[index]!, ends[index]!);
    if (from.at === 'offset' && begin !== from.offset)
      note(`${nameOf({ topic: topic.name, partition })} has offsets ${beginnings[index]} to ${ends[index]}: beginning at ${begin}.`);
    return { partition, from: begin, ...(stops === undefined ? {} : { until: stops[index]! < begin ? begin : stops[index]! }) };
  });
}

/** @param atTime what the partition answered for a moment; -1 when nothing is that young */
function offsetOf(where: Where, beginning: bigint, end: bigint, atTime: bigint | undefined): bigint {
  switch (where.at) {
    case 'beginning':
      return beginning;
    case 'end':
      return end;
    case 'offset':
      return where.offset;
    case 'after beginning':
      return beginning + where.count;
    case 'before end':
      return end - where.count;
    case 'time':
      return atTime === undefined || atTime < 0n ? end : atTime;
  }
}

function between(least: bigint, value: bigint, most: bigint): bigint {
  return value < least ? least : value > most ? most : value;
}
