import { type Cluster, type KnownTopic, type ReadBatch, type ReadRange, TopicReader } from '#client';
import type { LogRecord } from '#protocol';
import { topicNamed } from '../admin/topic-named.ts';
import { withCluster } from '../admin/with-cluster.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { tell } from '../tell.ts';
import { ByteSink, OutputGone } from './byte-sink.ts';
import { type ConsumeFlags, type ConsumePlan, readConsumeFlags } from './consume-flags.ts';
import { consumeAsMember } from './consume-group.ts';
import { outputOf, type RecordOutput } from './outputs.ts';
import { type Progress, progressBar } from './progress.ts';
import { Stopping } from './stopping.ts';
import { topicNameOf } from './topic-name.ts';
import { parsePartitions, rangesOf, type Where } from './where.ts';

/** `consume`: prints the records of a topic. */
export async function runConsume(
  argument: string | undefined,
  flags: ConsumeFlags,
  defaultFrom: Where,
  command = 'consume',
): Promise<ExitCode> {
  const name = topicNameOf(command, argument, flags.topic);
  const plan = readConsumeFlags(flags, defaultFrom);
  const output = outputOf(name, plan);
  const sink = new ByteSink(process.stdout);
  try {
    return await withCluster(flags, async (cluster) => {
      const topic = await topicNamed(cluster, name);
      if (plan.group !== undefined) return consumeAsMember(cluster, topic, plan.group, plan, output, sink, tell);
      const partitions = parsePartitions('--partition', flags.partition, topic);
      const ranges = await rangesOf(cluster, topic, { ...plan, partitions }, tell);
      return consumeRanges(cluster, topic, ranges, plan, output, sink);
    });
  } catch (error) {
    if (error instanceof OutputGone) return exitCodes.ok;
    throw error;
  }
}

async function consumeRanges(
  cluster: Cluster,
  topic: KnownTopic,
  ranges: readonly ReadRange[],
  plan: ConsumePlan,
  output: RecordOutput,
  sink: ByteSink,
): Promise<ExitCode> {
  const stopping = new Stopping(cluster.clock);
  const isFollowing = plan.until === undefined;
  const progress = await barFor(topic, ranges, plan);
  const passed = new Map(ranges.map(({ partition, from }) => [partition, { from, at: from }]));
  let offsets = 0;
  let left = plan.count ?? Number.POSITIVE_INFINITY;
  const deliver = (partition: number, { records, nextOffset }: ReadBatch): Promise<void> | undefined => {
    for (const record of records as LogRecord[]) {
      if (left === 0) break;
      output.write(sink, partition, record);
      left--;
    }
    if (left === 0) reader.stop();
    const place = passed.get(partition)!;
    offsets += Number(nextOffset - place.at);
    place.at = nextOffset;
    progress.at(plan.count === undefined ? offsets : plan.count - left);
    return sink.isFull || isFollowing ? sink.flush() : undefined;
  };
  const reader = new TopicReader({ cluster, topic, ranges, isolation: plan.isolation, deliver, note: tell });
  output.begin(sink);
  try {
    await Promise.race([reader.run(), stopping.asked]);
    reader.stop();
    output.end(sink);
    await sink.flush();
  } finally {
    progress.end();
    stopping.letGo();
  }
  return stopping.exitCode;
}

/** How far a reading has come is known where its end is; but nobody needs a bar between records on the same terminal. */
function barFor(topic: KnownTopic, ranges: readonly ReadRange[], { count, until }: ConsumePlan): Promise<Progress> {
  if (process.stdout.isTTY) return progressBar(topic.name, 0);
  if (count !== undefined) return progressBar(topic.name, count);
  const total = until === undefined ? 0 : ranges.reduce((sum, range) => sum + Number(range.until! - range.from), 0);
  return progressBar(topic.name, total);
}
