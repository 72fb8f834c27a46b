import { createTopics } from '#protocol/apis/create-topics.ts';
import { parseWhole } from '../addresses.ts';
import { UsageError } from '../cli-error.ts';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withAdminClient } from './admin-client.ts';
import type { AdminFlags } from './admin-flags.ts';
import { kafkaFailure } from './kafka-failure.ts';

export interface CreateFlags extends AdminFlags {
  partitions?: string;
  replicationFactor?: string;
  config?: string[];
  ifNotExists?: boolean;
}

const createTimeoutMs = 25_000;
/** The cluster decides (num.partitions, default.replication.factor). */
const unset = -1;

/** `topic create`: answers when the topic can be used. */
export async function topicCreate(name: string, flags: CreateFlags): Promise<ExitCode> {
  const numPartitions = readCount('--partitions', flags.partitions, 2 ** 31 - 1);
  const replicationFactor = readCount('--replication-factor', flags.replicationFactor, 2 ** 15 - 1);
  const configs = (flags.config ?? []).map(readConfig);
  await withAdminClient(flags, async (client) => {
    const topics = [{ name, numPartitions, replicationFactor, assignments: [], configs }];
    const response = await client.send(createTopics, { topics, timeoutMs: createTimeoutMs }, 'write');
    const result = response.topics[0];
    if (flags.ifNotExists && result?.errorCode === 'TOPIC_ALREADY_EXISTS') {
      process.stdout.write(flags.json ? `${JSON.stringify({ name, created: false })}\n` : `${name} is there already.\n`);
      return;
    }
    if (result === undefined || result.errorCode !== 'NONE')
      throw kafkaFailure(name, result?.errorCode ?? 'UNKNOWN_SERVER_ERROR', result?.errorMessage);
    const made = { name, id: result.topicId, partitions: result.numPartitions, replicationFactor: result.replicationFactor };
    // Before version 5 the answer does not tell how many there are.
    const counts =
      made.partitions < 0 ? '' : ` with ${counted(made.partitions, 'partition')} and ${counted(made.replicationFactor, 'replica')} each`;
    process.stdout.write(flags.json ? `${JSON.stringify(made)}\n` : `Created ${name}${counts}.\n`);
  });
  return exitCodes.ok;
}

/** @throws UsageError */
function readCount(flag: string, text: string | undefined, largest: number): number {
  if (text === undefined) return unset;
  const count = parseWhole(text);
  if (count === undefined || count < 1 || count > largest) throw new UsageError(flag, text, `this is a whole number from 1 to ${largest}`);
  return count;
}

/** @throws UsageError */
function readConfig(flag: string): { name: string; value: string } {
  const equals = flag.indexOf('=');
  if (equals <= 0) throw new UsageError('--config', flag, 'a setting is written name=value', 'As in --config retention.ms=3600000');
  return { name: flag.slice(0, equals).trim(), value: flag.slice(equals + 1).trim() };
}
