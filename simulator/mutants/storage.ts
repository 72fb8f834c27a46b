import { type DiskFile, SimulatedDisk } from '#platform';
import { crc32c, RecordBatch } from '#protocol';
import { LogDirectory, PartitionLog } from '#storage';
import { ProducerStates } from '../../src/storage/producer-state.ts';
import { type Mutant, replaceGetter, replaceMethod } from './planting.ts';

export const storageMutants: Readonly<Record<string, Mutant>> = {
  'answer-before-sync': {
    breaks: 'records are acknowledged, and Raft counts them, before they are on the disk',
    plant() {
      replaceMethod(PartitionLog.prototype, 'flush', () => () => Promise.resolve());
      replaceGetter(
        PartitionLog.prototype,
        'flushedOffset',
        () =>
          function (this: PartitionLog) {
            return this.logEndOffset;
          },
      );
    },
  },
  'no-directory-sync': {
    breaks: 'files are made and renamed without a sync of their directory',
    plant() {
      replaceMethod(SimulatedDisk.prototype, 'syncDirectory', () => () => Promise.resolve());
    },
  },
  'failed-sync-ignored': {
    breaks: 'a sync that fails is taken for one that worked (fsyncgate)',
    plant() {
      replaceMethod(
        SimulatedDisk.prototype,
        'open',
        (open) =>
          function (this: SimulatedDisk, ...args: unknown[]) {
            const file: DiskFile = open.apply(this, args);
            const sync = file.sync.bind(file);
            file.sync = () => sync().catch(() => {});
            return file;
          },
      );
    },
  },
  'recovery-point-forgotten': {
    breaks: 'damage in what was on disk is taken for a torn end, and all after it is cut off',
    plant() {
      replaceMethod(
        SimulatedDisk.prototype,
        'readFile',
        (readFile) =>
          function (this: SimulatedDisk, path: string) {
            const bytes: Buffer = readFile.call(this, path);
            return path.endsWith('recovery-point-offset-checkpoint') ? Buffer.from('0\n0\n') : bytes;
          },
      );
    },
  },
  'forget-producers': {
    breaks: 'a repeated batch is not known as a repeat, and gets a new offset',
    plant() {
      replaceMethod(
        PartitionLog.prototype,
        'append',
        (append) =>
          function (this: PartitionLog, records: Buffer, options: { origin: string }) {
            return append.call(this, options.origin === 'client' ? withoutProducer(Buffer.from(records)) : records, options);
          },
      );
    },
  },
  'producers-not-truncated': {
    breaks: 'a producer is remembered by batches that have been cut off (KAFKA-12153)',
    plant() {
      let forget: ((states: ProducerStates, ...args: unknown[]) => void) | undefined;
      replaceMethod(
        ProducerStates.prototype,
        'reset',
        (reset) =>
          function (this: ProducerStates, ...args: unknown[]) {
            forget?.(this, ...args);
            return reset.apply(this, args);
          },
      );
      replaceMethod(
        PartitionLog.prototype,
        'truncateTo',
        (truncateTo) =>
          function (this: PartitionLog, offset: bigint) {
            let recall = () => {};
            forget = (states, _offset, now) => {
              const entries = states.snapshot();
              forget = undefined;
              recall = () => states.reset(this.logEndOffset, now as number, entries);
            };
            const truncated: Promise<void> = truncateTo.call(this, offset);
            forget = undefined;
            recall();
            return truncated;
          },
      );
    },
  },
  'checksums-ignored': {
    breaks: 'nobody looks whether the bytes of a batch are those that were written',
    plant() {
      replaceMethod(RecordBatch.prototype, 'isValidCrc', () => () => true);
    },
  },
  'deleted-partitions-stay': {
    breaks: 'the directories of deleted partitions stay on the disk, and are taken for those of the next topic of the name',
    plant() {
      replaceMethod(LogDirectory.prototype, 'deletePartition', () => () => Promise.resolve());
    },
  },
};

/** The same batch from nobody in particular: no producer id, no sequence, and a checksum to match. */
function withoutProducer(batch: Buffer): Buffer {
  batch.writeBigInt64BE(-1n, 43);
  batch.writeInt16BE(-1, 51);
  batch.writeInt32BE(-1, 53);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}
