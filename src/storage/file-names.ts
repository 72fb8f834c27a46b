/** The names of Kafka's files in a partition's directory, and of the directories themselves. */

export type SegmentSuffix = '.log' | '.index' | '.timeindex' | '.snapshot' | '.txnindex';

/** Segments that were let go keep their files under this ending until the delay has passed. */
export const deletedSuffix = '.deleted';
/** Segments above a point to which the log was truncated, until that is known for good; says that an end below the recovery point is meant. */
export const truncatedSuffix = '.truncated';
/** A segment that takes the place of one of its own name, until the old one is known to have given it up. */
export const freshSuffix = '.fresh';
/** Half-made copies of a cleaner; never valid. */
export const cleanedSuffix = '.cleaned';
/** A cleaner's finished copies that were about to replace what they were made from. */
export const swapSuffix = '.swap';
export const temporarySuffix = '.tmp';
/** The most characters that file systems take for one name. */
const longestName = 255;

/** `00000000000000000042.log` for offset 42. */
export function segmentFileName(baseOffset: bigint, suffix: SegmentSuffix): string {
  return baseOffset.toString().padStart(20, '0') + suffix;
}

/** The offset in the name of a file with that suffix, or undefined when it is not such a file. */
export function offsetOfFileName(name: string, suffix: string): bigint | undefined {
  const digits = name.slice(0, 20);
  return name.length === 20 + suffix.length && name.endsWith(suffix) && /^\d{20}$/.test(digits) ? BigInt(digits) : undefined;
}

/** `orders-3` */
export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** Undoes {@link partitionDirectoryName}; undefined for any other name. */
export function parsePartitionDirectoryName(name: string): { topic: string; partition: number } | undefined {
  const match = /^([a-zA-Z0-9._-]{1,249})-(\d{1,10})$/.exec(name);
  if (!match) return undefined;
  const partition = Number(match[2]);
  return partition <= 0x7fffffff && String(partition) === match[2] ? { topic: match[1]!, partition } : undefined;
}

/** `orders-3.<uniqueId>-delete`; a long topic name is cut so that the whole still is a file name. */
export function deletedPartitionDirectoryName(topic: string, partition: number, uniqueId: string): string {
  const ending = `-${partition}.${uniqueId}-delete`;
  return topic.slice(0, longestName - ending.length) + ending;
}

export function isDeletedPartitionDirectoryName(name: string): boolean {
  return /^.+-\d+\.[0-9a-zA-Z_-]+-delete$/.test(name);
}

/**
 * `orders-3.<uniqueId>-stray`: Kafka's name for a partition that is not loaded and not thrown away. A long topic name is cut so that the whole
 * still is a file name.
 */
export function strayPartitionDirectoryName(topic: string, partition: number, uniqueId: string): string {
  const ending = `-${partition}.${uniqueId}-stray`;
  return topic.slice(0, longestName - ending.length) + ending;
}

/** Whether it is {@link strayPartitionDirectoryName} of that partition for certain: never for a topic whose name had to be cut. */
export function isStrayDirectoryOf(name: string, topic: string, partition: number): boolean {
  const start = `${topic}-${partition}.`;
  return name.startsWith(start) && /^[0-9a-f]+-stray$/.test(name.slice(start.length));
}
