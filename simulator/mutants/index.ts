import { SimulatedDisk } from '#platform';
import { crc32c } from '#protocol';
import { Partition } from '#replication';
import { PartitionLog } from '#storage';

/**
 * Faults planted in the product's code, by name: a simulator that does not notice them proves nothing. `npm run simulate -- --mutant NAME` runs with one
 * and should fail.
 */
export const mutants: Readonly<Record<string, { readonly breaks: string; plant(): void }>> = {
  'answer-before-sync': {
    breaks: 'records are acknowledged, and Raft counts them, before they are on the disk',
    plant() {
      PartitionLog.prototype.flush = () => Promise.resolve();
      Object.defineProperty(PartitionLog.prototype, 'flushedOffset', {
        get(this: PartitionLog) {
          return this.logEndOffset;
        },
      });
    },
  },
  'vote-before-sync': {
    breaks: 'a vote and an epoch are told to others before they are on the disk',
    plant() {
      const { replace } = SimulatedDisk.prototype;
      SimulatedDisk.prototype.replace = function (path, bytes) {
        if (!path.endsWith('quorum-state') && !path.endsWith('metadata-election.json')) return replace.call(this, path, bytes);
        const file = this.open(path, 'create');
        file.write([bytes], 0);
        file.close();
        return Promise.resolve();
      };
    },
  },
  'no-directory-sync': {
    breaks: 'files are made and renamed without a sync of their directory',
    plant() {
      SimulatedDisk.prototype.syncDirectory = () => Promise.resolve();
    },
  },
  'read-above-high-watermark': {
    breaks: 'readers are shown what is not committed',
    plant() {
      Object.defineProperty(Partition.prototype, 'highWatermark', {
        get(this: Partition) {
          return this.log.logEndOffset;
        },
      });
      const { read } = Partition.prototype;
      Partition.prototype.read = async function (wanted) {
        const { logEndOffset } = this.log;
        return { ...(await read.call(this, { ...wanted, isolationLevel: 'all' })), highWatermark: logEndOffset };
      };
    },
  },
  'forget-producers': {
    breaks: 'a repeated batch is not known as a repeat',
    plant() {
      const { append } = PartitionLog.prototype;
      PartitionLog.prototype.append = function (records, options) {
        const anonymous = Buffer.from(records);
        if (options.origin !== 'client') return append.call(this, records, options);
        return append.call(this, withoutProducer(anonymous), options);
      };
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
