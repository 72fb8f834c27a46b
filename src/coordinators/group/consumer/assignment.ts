/** Partitions by the ids of their topics. A topic without any is not there. */
export type Assignment = ReadonlyMap<string, ReadonlySet<number>>;

export interface TopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

export const noPartitions: Assignment = new Map();
const none: ReadonlySet<number> = new Set();

export function assignmentOf(topics: readonly TopicPartitions[]): Assignment {
  const assignment = new Map<string, Set<number>>();
  for (const { topicId, partitions } of topics) {
    if (partitions.length === 0) continue;
    const known = assignment.get(topicId) ?? new Set();
    for (const partition of partitions) known.add(partition);
    assignment.set(topicId, known);
  }
  return assignment;
}

/** Topics and partitions sorted, so that equal assignments are equal bytes. */
export function topicPartitionsOf(assignment: Assignment): { topicId: string; partitions: number[] }[] {
  return [...assignment]
    .map(([topicId, partitions]) => ({ topicId, partitions: [...partitions].sort((a, b) => a - b) }))
    .sort((a, b) => (a.topicId < b.topicId ? -1 : 1));
}

export function partitionsOf(assignment: Assignment, topicId: string): ReadonlySet<number> {
  return assignment.get(topicId) ?? none;
}

export function contains(assignment: Assignment, topicId: string, partition: number): boolean {
  return partitionsOf(assignment, topicId).has(partition);
}

export function* eachPartition(assignment: Assignment): Generator<[string, number]> {
  for (const [topicId, partitions] of assignment) for (const partition of partitions) yield [topicId, partition];
}

export function filterPartitions(assignment: Assignment, keeps: (topicId: string, partition: number) => boolean): Assignment {
  const kept = new Map<string, Set<number>>();
  for (const [topicId, partition] of eachPartition(assignment)) {
    if (!keeps(topicId, partition)) continue;
    const known = kept.get(topicId);
    if (known === undefined) kept.set(topicId, new Set([partition]));
    else known.add(partition);
  }
  return kept;
}

export function union(a: Assignment, b: Assignment): Assignment {
  const all = new Map([...a].map(([topicId, partitions]) => [topicId, new Set(partitions)]));
  for (const [topicId, partition] of eachPartition(b)) {
    const known = all.get(topicId);
    if (known === undefined) all.set(topicId, new Set([partition]));
    else known.add(partition);
  }
  return all;
}

export function isSubset(a: Assignment, b: Assignment): boolean {
  for (const [topicId, partition] of eachPartition(a)) if (!contains(b, topicId, partition)) return false;
  return true;
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  return isSubset(a, b) && isSubset(b, a);
}

export function sizeOf(assignment: Assignment): number {
  let size = 0;
  for (const partitions of assignment.values()) size += partitions.size;
  return size;
}
