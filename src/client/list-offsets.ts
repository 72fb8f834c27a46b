import { listOffsets } from '#protocol/apis/list-offsets.ts';
import type { Cluster } from './cluster.ts';
import { askLeaders, failed, type PartitionAnswer } from './leaders.ts';
import type { TopicPartition } from './metadata.ts';

/** Timestamps with a meaning of their own. */
export const latest = -1n;
export const earliest = -2n;

/** Whether records count that belong to a transaction which is open, or was aborted. */
export type Isolation = 'read_uncommitted' | 'read_committed';

export function levelOf(isolation: Isolation): number {
  return isolation === 'read_committed' ? 1 : 0;
}

/** Which offset stands for a moment; -1 when no record is that young. */
export interface FoundOffset {
  readonly offset: bigint;
  readonly leaderEpoch: number;
}

/** Asks the leaders which offsets stand for timestamps. @returns in the order of what was asked */
export function offsetsFor(
  cluster: Cluster,
  asked: readonly (TopicPartition & { readonly timestamp: bigint })[],
  isolation: Isolation = 'read_uncommitted',
): Promise<PartitionAnswer<FoundOffset>[]> {
  return askLeaders(cluster, asked, async (leader, questions) => {
    const byTopic = Map.groupBy(questions, ({ topic }) => topic.name);
    const topics = [...byTopic].map(([name, those]) => ({
      name,
      partitions: those.map(({ item, place }) => ({
        partitionIndex: item.partition,
        currentLeaderEpoch: place.leaderEpoch,
        timestamp: item.timestamp,
      })),
    }));
    const response = await cluster.send(leader, listOffsets, { replicaId: -1, isolationLevel: levelOf(isolation), topics });
    const told = new Map(
      response.topics.map(({ name, partitions }) => [name, new Map(partitions.map((partition) => [partition.partitionIndex, partition]))]),
    );
    return questions.map(({ item }) => {
      const found = told.get(item.topic)?.get(item.partition);
      if (found === undefined) return undefined;
      const { errorCode, offset, leaderEpoch } = found;
      return errorCode === 'NONE'
        ? { value: { offset, leaderEpoch } }
        : failed(errorCode, item, `broker ${leader} does not tell its offsets`);
    });
  });
}
