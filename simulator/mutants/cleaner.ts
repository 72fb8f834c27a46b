import { KeyOffsets } from '#storage/cleaner/key-offsets.ts';
import { TransactionsSeen } from '#storage/cleaner/transactions-seen.ts';
import { type Mutant, replaceMethod } from './planting.ts';

/** Noticed where the logs of coordinators are cleaned: they load what is left. */
export const cleanerMutants: Readonly<Record<string, Mutant>> = {
  'newest-goes-too': {
    breaks: 'compaction takes the newest record of each key away, with all older ones',
    plant() {
      replaceMethod(
        KeyOffsets.prototype,
        'offsetOf',
        (offsetOf) =>
          function (this: KeyOffsets, key: Uint8Array) {
            const offset = offsetOf.call(this, key) as bigint | undefined;
            return offset === undefined ? undefined : offset + 1n;
          },
      );
    },
  },
  'aborted-records-count': {
    breaks: 'compaction takes records of aborted transactions for the newest of their keys, and lets their markers go',
    plant() {
      replaceMethod(TransactionsSeen.prototype, 'isAborted', () => () => false);
    },
  },
};
