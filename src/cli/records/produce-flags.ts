import type { Codec } from '#protocol';
import { parseWhole } from '../addresses.ts';
import type { AdminFlags } from '../admin/admin-flags.ts';
import { UsageError } from '../cli-error.ts';
import { type Input, inputs, type TextOptions } from './inputs.ts';
import { parseMoment } from './where.ts';

/** The flags of `produce` as commander gives them. */
export interface ProduceFlags extends AdminFlags {
  topic?: string;
  input?: string;
  partition?: string;
  keepPartitions?: boolean;
  key?: string;
  keySeparator?: string;
  header?: string[];
  tombstone?: boolean;
  timestamp?: string;
  compression?: string;
  acks?: string;
  /** False after --no-idempotence. */
  idempotence?: boolean;
  resume?: string;
  append?: boolean;
}

/** The same, read and checked. */
export interface ProducePlan {
  readonly input: Input;
  readonly text: TextOptions;
  readonly partition: number | undefined;
  readonly keepPartitions: boolean;
  readonly key: Buffer | undefined;
  readonly headers: { readonly key: string; readonly value: Buffer }[];
  readonly timestamp: bigint | undefined;
  readonly compression: Codec;
  readonly acks: 1 | -1;
  readonly isIdempotent: boolean;
  readonly resume: string | undefined;
  readonly mayAppend: boolean;
}

export const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** @throws UsageError */
export function readProduceFlags(flags: ProduceFlags): ProducePlan {
  const input = inputs.find((known) => known === (flags.json && flags.input === undefined ? 'text' : (flags.input ?? 'text')));
  if (input === undefined) throw new UsageError('--input', flags.input!, 'there is no such form', `Use one of ${inputs.join(', ')}`);
  const partition = flags.partition === undefined ? undefined : parseWhole(flags.partition);
  if (flags.partition !== undefined && partition === undefined)
    throw new UsageError('--partition', flags.partition, 'this is not the number of a partition');
  if (partition !== undefined && flags.keepPartitions)
    throw new UsageError('--partition', partition, '--keep-partitions leaves each record where it was', 'Leave one of them out');
  const acks = acksOf(flags.acks ?? 'all');
  if (flags.resume !== undefined) checkResume(flags, input, acks);
  if (flags.append && flags.resume === undefined) throw new UsageError('--append', 'true', 'it belongs to --resume', 'Leave it out');
  return {
    input,
    text: { keySeparator: separatorOf(flags, input), emptyIsNull: flags.tombstone === true },
    partition,
    keepPartitions: flags.keepPartitions === true,
    key: flags.key === undefined ? undefined : Buffer.from(flags.key),
    headers: (flags.header ?? []).map(headerOf),
    timestamp: flags.timestamp === undefined ? undefined : parseMoment('--timestamp', flags.timestamp),
    compression: compressionOf(flags.compression ?? 'none'),
    acks,
    isIdempotent: acks === -1 && flags.idempotence !== false,
    resume: flags.resume,
    mayAppend: flags.append === true,
  };
}

function acksOf(text: string): 1 | -1 {
  if (text === 'all' || text === '-1') return -1;
  if (text === '1') return 1;
  const why = text === '0' ? 'nobody would learn whether a record arrived' : 'there is no such level';
  throw new UsageError('--acks', text, why, 'Use all (every replica in sync) or 1 (the leader)');
}

function checkResume(flags: ProduceFlags, input: Input, acks: 1 | -1): void {
  const name = flags.resume!;
  if (name === '') throw new UsageError('--resume', '', 'a name has at least one character');
  if (input !== 'ndjson')
    throw new UsageError(
      '--resume',
      name,
      'only records of --input=ndjson say where they come from',
      'Pipe in what consume --output=ndjson prints',
    );
  if (acks !== -1 || flags.idempotence === false)
    throw new UsageError('--resume', name, 'it needs --acks=all and idempotence', 'Leave --acks and --no-idempotence out');
}

/** As a shell writes it: \t is a tab. */
function separatorOf({ keySeparator, key }: ProduceFlags, input: Input): string | undefined {
  if (keySeparator === undefined) return undefined;
  if (keySeparator === '') throw new UsageError('--key-separator', '', 'a separator has at least one character');
  if (input !== 'text') throw new UsageError('--key-separator', keySeparator, 'it belongs to --input=text', 'Leave it out');
  if (key !== undefined) throw new UsageError('--key', key, 'with --key-separator each line has a key of its own', 'Leave one of them out');
  return keySeparator.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function headerOf(text: string): { key: string; value: Buffer } {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError('--header', text, 'a header is written name=value');
  return { key: text.slice(0, at), value: Buffer.from(text.slice(at + 1)) };
}

export function compressionOf(text: string): Codec {
  const codec = codecs.find((known) => known === text);
  if (codec === undefined) throw new UsageError('--compression', text, 'there is no such compression', `Use one of ${codecs.join(', ')}`);
  return codec;
}
