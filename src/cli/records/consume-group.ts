import { type Cluster, committedOffsets, GroupConsumer, type KnownTopic, latest, offsetsFor } from '#client';
import { nodePlatform, silentLogger, sleep } from '#platform';
import { asCliError } from '../admin/with-cluster.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { ByteSink } from './byte-sink.ts';
import type { ConsumePlan } from './consume-flags.ts';
import type { RecordOutput } from './outputs.ts';
import { Stopping } from './stopping.ts';

const lookAgainMs = 250;
const farewellMs = 10_000;

/** Reads as a member of a group: what is printed is committed. */
export async function consumeAsMember(
  cluster: Cluster,
  topic: KnownTopic,
  groupId: string,
  { count, exitAtEnd }: ConsumePlan,
  output: RecordOutput,
  sink: ByteSink,
  note: (line: string) => void,
): Promise<ExitCode> {
  const stopping = new Stopping(cluster.clock);
  let left = count ?? Number.POSITIVE_INFINITY;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const member = new GroupConsumer({
    cluster,
    groupId,
    memberId: nodePlatform({ log: silentLogger }).random.uuid(),
    topic: topic.name,
    deliver: async (place, record) => {
      // Never resolves: what is not printed is not read.
      if (left === 0) return new Promise(() => {});
      left--;
      output.write(sink, place.partition, record);
      await sink.flush();
      if (left === 0) finish();
    },
    note,
  });
  output.begin(sink);
  try {
    const isAtEnd = exitAtEnd ? untilCommitted(cluster, topic, groupId, () => stopping.code !== undefined) : new Promise<void>(() => {});
    await Promise.race([member.run(), stopping.asked, finished, isAtEnd]);
    output.end(sink);
    await sink.flush();
  } finally {
    const left = member.stop().then(
      () => undefined,
      (error: Error) => error.message,
    );
    const trouble = await Promise.race([left, sleep(cluster.clock, farewellMs).then(() => `no answer for ${farewellMs / 1000} s`)]);
    if (trouble !== undefined)
      note(
        `The group could not be told that this consumer has ended (${trouble}). What was printed last may be printed again by the next one.`,
      );
    stopping.letGo();
  }
  return stopping.exitCode;
}

/** Resolves when the group has committed all that was there when it was called, whichever members read it. */
async function untilCommitted(cluster: Cluster, topic: KnownTopic, groupId: string, isOver: () => boolean): Promise<void> {
  try {
    const asked = topic.partitions.map(({ partition }) => ({ topic: topic.name, partition, timestamp: latest }));
    const ends = await offsetsFor(cluster, asked, 'read_committed');
    const wanted = asked.flatMap(({ partition }, index) => {
      const end = ends[index]!;
      if ('error' in end) throw end.error;
      return end.value.offset > 0n ? [{ partition, offset: end.value.offset }] : [];
    });
    while (!isOver()) {
      const committed = new Map(
        (await committedOffsets(cluster, groupId))
          .filter((each) => each.topic === topic.name)
          .map(({ partition, offset }) => [partition, offset]),
      );
      if (wanted.every(({ partition, offset }) => (committed.get(partition) ?? 0n) >= offset)) return;
      await sleep(cluster.clock, lookAgainMs);
    }
  } catch (error) {
    throw asCliError(error);
  }
}
