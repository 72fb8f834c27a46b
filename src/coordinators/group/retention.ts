import type { Group } from './group.ts';
import { type CommittedOffset, type Offsets, offsetTombstone } from './offsets.ts';
import type { GroupRecord } from './records.ts';

/**
 * Tombstones for what has expired of a group: the offsets of a group that has been empty for the retention time, of partitions that nobody in it reads
 * any more, and of those who commit without being in a group. Never those that a member may come back to (G7).
 * @param now wall time
 */
export function expireOffsets(group: Group, offsets: Offsets, retentionMs: number, now: number): GroupRecord[] {
  const records: GroupRecord[] = [];
  const { groupId } = group;
  let kept = 0;
  for (const [topic, partitions] of offsets.of(groupId)) {
    for (const [partition, committed] of partitions) {
      const isKept = offsets.isUnstable(groupId, topic, partition) || !hasExpired(group, topic, committed, retentionMs, now);
      if (isKept) kept++;
      else records.push(offsetTombstone(groupId, topic, partition));
    }
  }
  if (kept === 0 && group.isEmpty && group.isIdle && offsets.pendingOf(groupId).length === 0) records.push(...group.tombstones());
  return records;
}

function hasExpired(group: Group, topic: string, committed: CommittedOffset, retentionMs: number, now: number): boolean {
  if (group.mayRead(topic)) return false;
  const { expireTimestamp, commitTimestamp } = committed;
  if (expireTimestamp !== -1n) return BigInt(now) >= expireTimestamp;
  // A commit into an empty group, as tools make it, begins the time anew.
  const since = Math.max(Number(commitTimestamp), group.emptySince ?? 0);
  return now - since >= retentionMs;
}
