import { type Disk, DiskError } from '#platform';

/**
 * Kafka's small text files: a version, a count, then one entry a line. All are derived or advisory: a missing or garbled one reads as
 * undefined, never as half of its content.
 */
export interface PartitionOffset {
  topic: string;
  partition: number;
  offset: bigint;
}

/** From which offset on a log has to be scanned after a crash: all below was synced. */
export const recoveryPointFile = 'recovery-point-offset-checkpoint';
/** Where logs start after DeleteRecords or retention. */
export const logStartOffsetFile = 'log-start-offset-checkpoint';
/** How far logs were cleaned. An entry says too that offsets may be missing in the log, be it only because its leader's was cleaned. */
export const cleanedOffsetFile = 'cleaner-offset-checkpoint';
/** Ours alone: below which offsets deletions may be missing that compaction has let go. */
export const forgottenDeletionsFile = 'forgotten-deletions-checkpoint';
/** High watermarks. */
export const highWatermarkFile = 'replication-offset-checkpoint';

export interface EpochEntry {
  epoch: number;
  /** The first offset written in this epoch. */
  startOffset: bigint;
}

export function readOffsetCheckpoint(disk: Disk, path: string): PartitionOffset[] | undefined {
  return readCheckpoint(disk, path, (line) => {
    const match = /^(\S+) (\d{1,10}) (\d{1,19})$/.exec(line);
    return match ? { topic: match[1]!, partition: Number(match[2]), offset: BigInt(match[3]!) } : undefined;
  });
}

export function writeOffsetCheckpoint(disk: Disk, path: string, entries: readonly PartitionOffset[]): Promise<void> {
  return writeCheckpoint(
    disk,
    path,
    entries.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`),
  );
}

export function readEpochCheckpoint(disk: Disk, path: string): EpochEntry[] | undefined {
  return readCheckpoint(disk, path, (line) => {
    const match = /^(\d{1,10}) (\d{1,19})$/.exec(line);
    return match ? { epoch: Number(match[1]), startOffset: BigInt(match[2]!) } : undefined;
  });
}

export function writeEpochCheckpoint(disk: Disk, path: string, entries: readonly EpochEntry[]): Promise<void> {
  return writeCheckpoint(
    disk,
    path,
    entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`),
  );
}

function writeCheckpoint(disk: Disk, path: string, lines: readonly string[]): Promise<void> {
  return disk.replace(path, Buffer.from(`0\n${lines.length}\n${lines.map((line) => `${line}\n`).join('')}`));
}

function readCheckpoint<Entry>(disk: Disk, path: string, parse: (line: string) => Entry | undefined): Entry[] | undefined {
  let text: string;
  try {
    text = disk.readFile(path).toString('utf8');
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const [version, count, ...rest] = text.split('\n');
  const lines = rest.filter((line) => line !== '');
  if (version !== '0' || count !== String(lines.length) || !text.endsWith('\n')) return undefined;
  const entries: Entry[] = [];
  for (const line of lines) {
    const entry = parse(line);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}
