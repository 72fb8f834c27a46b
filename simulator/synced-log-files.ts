import type { SimulatedDisk } from '#platform';

const checkpointFile = 'recovery-point-offset-checkpoint';
const metadataDirectory = '__cluster_metadata-0';
/** In a batch: its base offset, and the length of what comes after these twelve bytes. */
const batchPrefixBytes = 12;

/** A log file, and how many of its bytes are known on disk to have been synced. */
export interface SyncedLogFile {
  readonly partition: string;
  readonly path: string;
  readonly size: number;
}

/**
 * The files that records of partitions lie in, the metadata log's not among them, as far as their recovery point covers them. What was synced after it was
 * written looks after a power cut like what never was: when the last batch that is left is bad, nobody can tell a flipped bit from a torn tail.
 */
export function syncedLogFiles(disk: SimulatedDisk, directory: string): SyncedLogFile[] {
  const recoveryPoints = readRecoveryPoints(disk, `${directory}/${checkpointFile}`);
  return disk.list(directory).flatMap((partition) => {
    const recoveryPoint = recoveryPoints.get(partition);
    if (recoveryPoint === undefined || partition === metadataDirectory) return [];
    return disk
      .list(`${directory}/${partition}`)
      .filter((name) => name.endsWith('.log'))
      .map((name) => `${directory}/${partition}/${name}`)
      .map((path) => ({ partition, path, size: sizeBelow(disk.contentOf(path), recoveryPoint) }))
      .filter(({ size }) => size > 0);
  });
}

/** By the name of the partition's directory. */
function readRecoveryPoints(disk: SimulatedDisk, path: string): Map<string, bigint> {
  if (disk.stat(path) === undefined) return new Map();
  const [, , ...lines] = disk.contentOf(path).toString().trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [topic, partition, offset] = line.split(' ');
      return [`${topic}-${partition}`, BigInt(offset!)];
    }),
  );
}

/** How many bytes hold batches below an offset. */
function sizeBelow(log: Buffer, offset: bigint): number {
  let position = 0;
  while (position + batchPrefixBytes <= log.length && log.readBigInt64BE(position) < offset) {
    position += batchPrefixBytes + log.readInt32BE(position + 8);
  }
  return Math.min(position, log.length);
}
