import { type Cluster, CopyRefused, ExactCopy, type KnownTopic, type ReadBatch, type ReadRange, readMetadata, TopicReader } from '#client';
import { sleep } from '#platform';
import type { LogRecord, RecordInput } from '#protocol';
import { createTopics } from '#protocol/apis/create-topics.ts';
import type { AdminFlags } from '../admin/admin-flags.ts';
import { kafkaFailure } from '../admin/kafka-failure.ts';
import { topicNamed } from '../admin/topic-named.ts';
import { withCluster } from '../admin/with-cluster.ts';
import { CliError } from '../cli-error.ts';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { tell } from '../tell.ts';
import { remarkOn } from './copy-outcome.ts';
import { beginCopy } from './produce-command.ts';
import { compressionOf } from './produce-flags.ts';
import { type Progress, progressBar } from './progress.ts';
import { settingsOf } from './settings-of-copy.ts';
import { Stopping } from './stopping.ts';
import { rangesOf } from './where.ts';

/** What is added in so long becomes one transaction of the target. */
const commitIntervalMs = 2_000;
const lookAgainMs = 50;

export interface CopyFlags extends AdminFlags {
  to?: string;
  name?: string;
  follow?: boolean;
  append?: boolean;
  compression?: string;
}

/** `topic copy`: each record of a topic once into another, in its partition, however often it is broken off and run again. */
export function runCopy(sourceName: string, targetName: string | undefined, flags: CopyFlags): Promise<ExitCode> {
  const compression = compressionOf(flags.compression ?? 'none');
  const as = targetName ?? sourceName;
  if (flags.to === undefined && as === sourceName)
    throw new CliError('Say where to: --to=HOST:PORT for another cluster, or another name for the copy.', exitCodes.usage);
  return withCluster(flags, (source) =>
    withCluster(flags.to === undefined ? flags : { bootstrapServer: flags.to }, async (target) => {
      const from = await topicNamed(source, sourceName);
      const to = await targetTopic(target, as, source, from);
      const name = flags.name ?? `copy-of-${sourceName}`;
      const mayAppend = flags.append === true;
      const copy = await beginCopy(() =>
        ExactCopy.begin({ cluster: target, name, target: to, source: `${sourceName} with id ${from.id}`, mayAppend, compression }),
      );
      const ranges = await rangesLeft(source, from, copy, flags.follow === true);
      return carryOver(source, from, to, copy, ranges, flags);
    }),
  );
}

/** The topic to copy to, which is made when it is not there, with what is set for its source. @throws CliError when it has another number of partitions */
async function targetTopic(cluster: Cluster, name: string, source: Cluster, from: KnownTopic): Promise<KnownTopic> {
  const partitions = from.partitions.length;
  const there = (await readMetadata(cluster, [name])).topics.get(name);
  if (there !== undefined) {
    if (there.partitions.length === partitions) return there;
    throw new CliError(
      `${name} has ${counted(there.partitions.length, 'partition')} at the target, and its source has ${partitions}: a copy keeps records in their partitions.`,
    );
  }
  const configs = await settingsOf(source, from);
  const topics = [{ name, numPartitions: partitions, replicationFactor: -1, assignments: [], configs }];
  const { topics: answers } = await cluster.send(
    'anyone',
    createTopics,
    { topics, timeoutMs: 20_000, validateOnly: false },
    { timeoutMs: 30_000 },
  );
  const { errorCode, errorMessage } = answers[0]!;
  if (errorCode !== 'NONE' && errorCode !== 'TOPIC_ALREADY_EXISTS') throw kafkaFailure(name, errorCode, errorMessage);
  const set = configs.map((config) => `${config.name}=${config.value}`).join(', ');
  tell(`Created ${name} with ${counted(partitions, 'partition')} at the target${set && `, and as its source with ${set}`}.`);
  const deadline = cluster.clock.monotonic() + cluster.patienceMs;
  for (;;) {
    // Other brokers hear of it a little later.
    const made = (await readMetadata(cluster, [name])).topics.get(name);
    if (made?.partitions.every(({ leader }) => leader >= 0)) return made;
    if (cluster.clock.monotonic() > deadline) return topicNamed(cluster, name);
    await sleep(cluster.clock, lookAgainMs);
  }
}

/** From where the copy stands to the end as it is now, or for ever. */
async function rangesLeft(source: Cluster, topic: KnownTopic, copy: ExactCopy, isFollowing: boolean): Promise<ReadRange[]> {
  const partitions = topic.partitions.map(({ partition }) => partition);
  const whole = await rangesOf(
    source,
    topic,
    { partitions, from: { at: 'beginning' }, until: { at: 'end' }, isolation: 'read_committed' },
    tell,
  );
  return whole.map(({ partition, from, until }) => {
    const position = copy.positions.get(partition) ?? 0n;
    if (position > until!)
      throw new CliError(
        `${topic.name}-${partition} ends at offset ${until}, and the copy has it up to ${position}: the source has lost records.`,
      );
    if (position > 0n && position < from)
      tell(`${topic.name}-${partition} begins at offset ${from} by now: what the copy lacks of it, from ${position} on, is gone.`);
    return { partition, from: position > from ? position : from, ...(isFollowing ? {} : { until }) };
  });
}

async function carryOver(
  source: Cluster,
  from: KnownTopic,
  to: KnownTopic,
  copy: ExactCopy,
  ranges: readonly ReadRange[],
  { follow, json }: CopyFlags,
): Promise<ExitCode> {
  const stopping = new Stopping(source.clock);
  const total = ranges.reduce((sum, { from: begin, until }) => sum + Number((until ?? begin) - begin), 0);
  const progress: Progress = await progressBar(`${from.name} -> ${to.name}`, total);
  let passed = 0;
  /** While a transaction is being committed nothing is added. */
  let committing: Promise<void> | undefined;
  const commit = (): Promise<void> => {
    committing ??= copy.commit().finally(() => {
      committing = undefined;
    });
    return committing;
  };
  const positions = new Map(ranges.map(({ partition, from: begin }) => [partition, begin]));
  const deliver = async (partition: number, { records, nextOffset }: ReadBatch): Promise<void> => {
    while (committing !== undefined) await committing;
    for (const record of records) copy.add(partition, asNew(record));
    copy.reached(partition, nextOffset);
    passed += Number(nextOffset - positions.get(partition)!);
    positions.set(partition, nextOffset);
    progress.at(passed);
    await copy.producer.room();
  };
  const reader = new TopicReader({ cluster: source, topic: from, ranges, isolation: 'read_committed', deliver, note: tell });
  let failed: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  const timer = source.clock.every(commitIntervalMs, () => void commit().catch(failed));
  try {
    await Promise.race([reader.run(), stopping.asked, failure]);
    reader.stop();
    if (committing !== undefined) await committing;
    await commit();
  } catch (error) {
    throw error instanceof CopyRefused ? new CliError(error.message, exitCodes.failed, { cause: error }) : error;
  } finally {
    reader.stop();
    timer.cancel();
    progress.end();
    stopping.letGo();
  }
  const { written } = copy.producer;
  const isWhole = stopping.code === undefined;
  const left = isWhole || follow ? 0 : Math.max(0, total - passed);
  tell(`Copied ${counted(written, 'record')} of ${from.name} to ${to.name}${remarkOn({ written, left, isContinued: copy.isContinued })}.`);
  if (json)
    process.stdout.write(
      `${JSON.stringify({ source: from.name, target: to.name, copied: written, continued: copy.isContinued, complete: isWhole })}\n`,
    );
  return stopping.exitCode;
}

/** Without its offset: the target gives it one of its own. */
function asNew({ key, value, headers, timestamp }: LogRecord): RecordInput {
  return { key, value, headers, timestamp };
}
