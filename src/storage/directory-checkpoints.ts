import type { Disk } from '#platform';
import {
  cleanedOffsetFile,
  forgottenDeletionsFile,
  highWatermarkFile,
  logStartOffsetFile,
  type PartitionOffset,
  recoveryPointFile,
} from './checkpoint-files.ts';
import { OffsetCheckpoint } from './offset-checkpoint.ts';
import type { PartitionLog } from './partition-log.ts';
import { Shared } from './shared-work.ts';

export interface DirectoryCheckpointsOptions {
  readonly disk: Disk;
  /** Of the data directory. */
  readonly path: string;
  /** All logs of the directory that can be used. */
  readonly logs: () => readonly PartitionLog[];
  /** Does what goes to the disk, and takes the directory offline when that fails. */
  readonly guarded: (act: () => Promise<void>) => Promise<void>;
}

/** One checkpoint file, and one write for all who ask while another is in flight. */
class SavedOffsets {
  readonly file: OffsetCheckpoint;
  readonly #save: Shared;

  constructor(file: OffsetCheckpoint, write: (file: OffsetCheckpoint) => Promise<void>) {
    this.file = file;
    this.#save = new Shared(() => write(file));
  }

  /** What the file said when the directory was opened. */
  find(topic: string, partition: number): bigint | undefined {
    return this.file.find(topic, partition);
  }

  /** Writes down, durably, what is so now. */
  save(): Promise<void> {
    return this.#save.run();
  }
}

/** A data directory's files that hold an offset for each partition. */
export class DirectoryCheckpoints {
  readonly recoveryPoints: SavedOffsets;
  readonly logStartOffsets: SavedOffsets;
  readonly highWatermarks: SavedOffsets;
  readonly cleanedOffsets: SavedOffsets;
  readonly forgottenDeletions: SavedOffsets;

  constructor({ disk, path, logs, guarded }: DirectoryCheckpointsOptions) {
    const fileOf = (name: string) => new OffsetCheckpoint(disk, `${path}/${name}`);
    const saved = (name: string, offsetOf: (log: PartitionLog) => bigint | undefined) =>
      new SavedOffsets(fileOf(name), (file) => {
        const entries = entriesOf(logs(), offsetOf);
        return guarded(() => file.write(entries));
      });
    this.recoveryPoints = new SavedOffsets(fileOf(recoveryPointFile), async (file) => {
      const entries = entriesOf(logs(), (log) => log.recoveryPoint);
      for (const log of logs()) await guarded(() => log.saveEpochs());
      await guarded(() => file.write(entries));
    });
    this.logStartOffsets = saved(logStartOffsetFile, (log) => positive(log.logStartOffset));
    this.highWatermarks = saved(highWatermarkFile, (log) => log.highWatermark);
    this.cleanedOffsets = saved(cleanedOffsetFile, (log) => log.compaction.cleanedOffset);
    this.forgottenDeletions = saved(forgottenDeletionsFile, (log) => positive(log.compaction.forgottenDeletions.before));
  }

  /** Writes down what moves on by itself; which deletions are gone is written before they go. */
  async save(): Promise<void> {
    await Promise.all([this.recoveryPoints.save(), this.logStartOffsets.save(), this.highWatermarks.save(), this.cleanedOffsets.save()]);
  }

  /** Makes sure that nothing is left of an earlier partition of that name: its entries would make a new log look cut. */
  async forget(topic: string, partition: number): Promise<void> {
    for (const one of this.#all) if (one.file.has(topic, partition)) await one.save();
  }

  /** Leaves a partition's entries as they were found; see {@link OffsetCheckpoint.keep}. */
  keep(topic: string, partition: number): void {
    for (const { file } of this.#all) file.keep(topic, partition);
  }

  /** Undoes {@link keep}. */
  release(topic: string, partition: number): void {
    for (const { file } of this.#all) file.release(topic, partition);
  }

  get #all(): SavedOffsets[] {
    return [this.recoveryPoints, this.logStartOffsets, this.highWatermarks, this.cleanedOffsets, this.forgottenDeletions];
  }
}

function entriesOf(logs: readonly PartitionLog[], offsetOf: (log: PartitionLog) => bigint | undefined): PartitionOffset[] {
  return logs.flatMap((log) => {
    const offset = offsetOf(log);
    return offset === undefined ? [] : [{ topic: log.topic, partition: log.partition, offset }];
  });
}

function positive(offset: bigint): bigint | undefined {
  return offset > 0n ? offset : undefined;
}
