import { type Cluster, CopyRefused, ExactCopy, type KnownTopic, newIdentity, Partitioner, Producer } from '#client';
import { nodePlatform, silentLogger, sleep, standardInput } from '#platform';
import type { RecordInput } from '#protocol';
import { topicNamed } from '../admin/topic-named.ts';
import { withCluster } from '../admin/with-cluster.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { tell } from '../tell.ts';
import { inputOf } from './inputs.ts';
import { type ProduceFlags, type ProducePlan, readProduceFlags } from './produce-flags.ts';
import { inBytes, type Progress, progressBar } from './progress.ts';
import type { ParsedRecord } from './record-json.ts';
import { Stopping } from './stopping.ts';
import { topicNameOf } from './topic-name.ts';

/** A resumable copy commits what it has at least so often. */
const commitIntervalMs = 2_000;

/** Where `produce` puts records. */
interface Target {
  add(record: ParsedRecord): void;
  room(): Promise<void> | undefined;
  /** Called between pieces of the input, and about every second. */
  pause(now: number): Promise<void> | undefined;
  /** All that was added is written when it resolves. */
  end(): Promise<void>;
  readonly written: number;
  readonly skipped: number;
}

/** `produce`: writes the records that come in. */
export async function runProduce(argument: string | undefined, flags: ProduceFlags): Promise<ExitCode> {
  const name = topicNameOf('produce', argument, flags.topic);
  const plan = readProduceFlags(flags);
  const { bytes, isDirectory } = standardInput();
  if (isDirectory)
    throw new CliError(`The input is a directory. Give a file, as in: kafka-lite-cluster produce ${name} < records.txt.`, exitCodes.usage);
  return withCluster(flags, async (cluster) => {
    const topic = await topicNamed(cluster, name);
    if (plan.partition !== undefined && plan.partition >= topic.partitions.length)
      throw new UsageError('--partition', plan.partition, `${name} has ${counted(topic.partitions.length, 'partition')}, numbered from 0`);
    const target =
      plan.resume === undefined ? await plainTarget(cluster, topic, plan) : await resumableTarget(cluster, topic, plan, plan.resume);
    const stopping = new Stopping(cluster.clock);
    const say = () => {
      const { written, skipped } = target;
      const again = skipped === 0 ? '' : `; ${counted(skipped, 'record')} was there already`.replace(/(records) was/, '$1 were');
      tell(`Wrote ${counted(written, 'record')} to ${name}${again}.`);
    };
    if (process.stdin.isTTY)
      tell(`Type a record a line. ${process.platform === 'win32' ? 'Ctrl-Z and Enter' : 'Ctrl-D'} at the beginning of a line ends.`);
    try {
      // How much there is, is known of a file.
      const progress = await progressBar(name, bytes ?? 0, inBytes);
      await feed(cluster, target, plan, stopping, progress);
    } finally {
      stopping.letGo();
      say();
    }
    if (flags.json) process.stdout.write(`${JSON.stringify({ topic: name, written: target.written, skipped: target.skipped })}\n`);
    return stopping.exitCode;
  });
}

/** Reads until the input ends or somebody wants it to. What was added is written, also when something is wrong with what follows. */
async function feed(cluster: Cluster, target: Target, { input, text }: ProducePlan, stopping: Stopping, progress: Progress): Promise<void> {
  const reader = inputOf(input, text);
  const chunks = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let next = chunks.next();
  let bytes = 0;
  try {
    for (;;) {
      const came = await Promise.race([next, stopping.asked, sleep(cluster.clock, 1000).then(() => 'nothing' as const)]);
      if (came === 'stop') return;
      if (came !== 'nothing') {
        for (const record of came.done ? reader.last() : reader.records(came.value)) target.add(record);
        if (came.done) return;
        bytes += came.value.length;
        progress.at(bytes);
        next = chunks.next();
        next.catch(() => {});
      }
      await target.room();
      await target.pause(cluster.clock.monotonic());
    }
  } finally {
    await target.end().finally(() => progress.end());
  }
}

/** Completes a record by what the flags say, and says where it goes. */
function placer({ partition, keepPartitions, key, headers, timestamp }: ProducePlan, topic: KnownTopic) {
  const { clock, random } = nodePlatform({ log: silentLogger });
  const partitioner = new Partitioner(topic.partitions.length, random.below(topic.partitions.length));
  return {
    moveOn: () => partitioner.moveOn(),
    place(record: ParsedRecord): { partition: number; record: RecordInput } {
      const complete: RecordInput = {
        key: record.key ?? key ?? null,
        value: record.value,
        headers: headers.length === 0 ? record.headers : [...(record.headers ?? []), ...headers],
        timestamp: record.timestamp ?? timestamp ?? clock.now(),
      };
      if (!keepPartitions) return { partition: partition ?? partitioner.partitionOf(complete.key as Uint8Array | null), record: complete };
      if (record.partition === undefined)
        throw new CliError('--keep-partitions: a record of the input does not name its partition.', exitCodes.usage);
      if (record.partition >= topic.partitions.length)
        throw new CliError(
          `--keep-partitions: a record is of partition ${record.partition}, and ${topic.name} has ${counted(topic.partitions.length, 'partition')}.`,
          exitCodes.usage,
        );
      return { partition: record.partition, record: complete };
    },
  };
}

async function plainTarget(cluster: Cluster, topic: KnownTopic, plan: ProducePlan): Promise<Target> {
  const identity = plan.isIdempotent ? await newIdentity(cluster) : undefined;
  const producer = new Producer({ cluster, topic, acks: plan.acks, compression: plan.compression, identity });
  const placing = placer(plan, topic);
  return {
    add(parsed) {
      const { partition, record } = placing.place(parsed);
      if (producer.add(partition, record)) placing.moveOn();
    },
    room: () => producer.room(),
    pause: () => undefined,
    end: () => producer.flush(),
    get written() {
      return producer.written;
    },
    skipped: 0,
  };
}

async function resumableTarget(cluster: Cluster, topic: KnownTopic, plan: ProducePlan, name: string): Promise<Target> {
  const copy = await beginCopy(() =>
    ExactCopy.begin({ cluster, name, target: topic, source: undefined, mayAppend: plan.mayAppend, compression: plan.compression }),
  );
  const placing = placer(plan, topic);
  let committedAt = cluster.clock.monotonic();
  let skipped = 0;
  return {
    add(parsed) {
      const { topic: source, partition: from, sourceOffset } = parsed;
      if (source === undefined || from === undefined || sourceOffset === undefined)
        throw new CliError(`--resume=${name}: a record of the input does not say its "topic", "partition" and "offset".`, exitCodes.usage);
      if (from >= topic.partitions.length)
        throw new CliError(
          `--resume=${name}: a record is of partition ${from}; ${topic.name} has to have as many partitions as its source, and has ${topic.partitions.length}.`,
          exitCodes.usage,
        );
      copy.nameSource(source);
      if (!copy.lacks(from, sourceOffset)) {
        skipped++;
        return;
      }
      const { partition, record } = placing.place(parsed);
      if (copy.add(partition, record)) placing.moveOn();
      copy.reached(from, sourceOffset + 1n);
    },
    room: () => copy.producer.room(),
    pause(now) {
      if (now - committedAt < commitIntervalMs) return undefined;
      committedAt = now;
      return copy.commit();
    },
    end: () => copy.commit(),
    get written() {
      return copy.producer.written;
    },
    get skipped() {
      return skipped;
    },
  };
}

/** @throws CliError when the copy is refused */
export async function beginCopy<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return await begin();
  } catch (error) {
    if (error instanceof CopyRefused) throw new CliError(error.message, exitCodes.failed, { cause: error });
    throw error;
  }
}
