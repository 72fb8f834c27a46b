import type { ErrorName } from '#protocol';
import type { OffsetCommitValueInput } from '#protocol/stored/offset-commit-value.ts';
import type { Turn } from './turn.ts';

/** What a group commits for a topic that the broker knows. */
export interface TopicToCommit {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly committedOffset: bigint;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: string | null;
  }[];
}

export interface CommittedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: ErrorName }[];
}

/**
 * Adds the records of a commit that the group has accepted.
 * @param retentionMs after which the offsets expire; -1 leaves it to the broker
 */
export function commitOffsets(group: string, topics: readonly TopicToCommit[], retentionMs: bigint, turn: Turn): CommittedTopic[] {
  const now = BigInt(turn.now.wall);
  return topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
      const metadata = committedMetadata ?? '';
      if (Buffer.byteLength(metadata) > turn.host.config.maxMetadataBytes)
        return { partitionIndex, errorCode: 'OFFSET_METADATA_TOO_LARGE' };
      const value: OffsetCommitValueInput = {
        offset: committedOffset,
        leaderEpoch: committedLeaderEpoch,
        metadata,
        commitTimestamp: now,
        expireTimestamp: retentionMs === -1n ? -1n : now + retentionMs,
        topicId,
      };
      turn.records.push({ kind: 'offset', key: { group, topic: name, partition: partitionIndex }, value });
      return { partitionIndex, errorCode: 'NONE' };
    }),
  }));
}
