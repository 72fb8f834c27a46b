import { Partition } from '#replication';
import { PartitionLog } from '#storage';
import { Follower } from '../../src/replication/follower.ts';
import { IsrState } from '../../src/replication/isr-state.ts';
import { type FollowerFetch, Leader, type LogEnds } from '../../src/replication/leader.ts';
import type { Appended } from '../../src/replication/partition.ts';
import type { EpochEnd } from '../../src/replication/truncation.ts';
import { type Mutant, replaceGetter, replaceMethod } from './planting.ts';

const following = new WeakSet<PartitionLog>();

export const replicationMutants: Readonly<Record<string, Mutant>> = {
  'read-above-high-watermark': {
    breaks: 'readers are shown what is not committed',
    plant() {
      replaceMethod(
        Partition.prototype,
        'read',
        (read) =>
          async function (this: Partition, wanted: object) {
            const found = await read.call(this, { ...wanted, isolationLevel: 'all' });
            return { ...found, highWatermark: this.log.logEndOffset };
          },
      );
    },
  },
  'acknowledge-at-append': {
    breaks: 'acks=all is acknowledged when the leader has appended',
    plant() {
      replaceMethod(
        Partition.prototype,
        'append',
        (append) =>
          function (this: Partition, ...args: unknown[]) {
            const { info, committed }: Appended = append.apply(this, args);
            committed?.catch(() => {});
            return { info, committed: undefined };
          },
      );
    },
  },
  'commit-alone': {
    breaks: 'the high watermark is what the leader has on its disk; followers do not count',
    plant() {
      replaceMethod(Leader.prototype, 'committedOffset', () => (log: LogEnds) => log.flushedOffset);
    },
  },
  'leader-counts-unsynced': {
    breaks: 'the leader counts what it has appended, not what is on its disk',
    plant() {
      replaceMethod(
        Leader.prototype,
        'committedOffset',
        (committed) =>
          function (this: Leader, log: LogEnds, now: number) {
            return committed.call(this, { ...endsOf(log), flushedOffset: log.logEndOffset }, now);
          },
      );
    },
  },
  'follower-counts-unsynced': {
    breaks: 'a follower asks for more, and so says that it has what came before, when it is not on its disk',
    plant() {
      replaceMethod(
        Partition.prototype,
        'becomeFollower',
        (follow) =>
          function (this: Partition, ...args: unknown[]) {
            following.add(this.log);
            return follow.apply(this, args);
          },
      );
      replaceMethod(
        Partition.prototype,
        'becomeLeader',
        (lead) =>
          function (this: Partition, ...args: unknown[]) {
            following.delete(this.log);
            return lead.apply(this, args);
          },
      );
      replaceMethod(
        PartitionLog.prototype,
        'flush',
        (flush) =>
          function (this: PartitionLog) {
            return following.has(this) ? Promise.resolve() : flush.call(this);
          },
      );
      replaceGetter(
        PartitionLog.prototype,
        'flushedOffset',
        (flushed) =>
          function (this: PartitionLog) {
            return following.has(this) ? this.logEndOffset : flushed.call(this);
          },
      );
    },
  },
  'isr-instead-of-maximal-isr': {
    breaks: 'while a change of the in-sync set is under way only the old one counts',
    plant() {
      replaceGetter(
        IsrState.prototype,
        'maximal',
        () =>
          function (this: IsrState) {
            return this.isr;
          },
      );
    },
  },
  'new-isr-counts-at-once': {
    breaks: 'who is proposed to leave the in-sync set does not count any more from then on',
    plant() {
      replaceGetter(
        IsrState.prototype,
        'maximal',
        () =>
          function (this: IsrState) {
            return this.proposal?.isr.map(({ brokerId }) => brokerId) ?? this.isr;
          },
      );
    },
  },
  'min-isr-ignored': {
    breaks: 'records are taken and committed with fewer in sync than min.insync.replicas demands',
    plant() {
      replaceGetter(Leader.prototype, 'hasEnoughReplicas', () => () => true);
    },
  },
  'join-below-epoch-start': {
    breaks: 'a follower comes into sync without all that the log had when the leadership began (KAFKA-7128)',
    plant() {
      replaceMethod(
        Leader.prototype,
        'expansion',
        (expansion) =>
          function (this: Leader & { startOffset: bigint }, replicaId: number, log: LogEnds) {
            const { startOffset } = this;
            this.startOffset = 0n;
            try {
              return expansion.call(this, replicaId, log);
            } finally {
              this.startOffset = startOffset;
            }
          },
      );
    },
  },
  'join-below-high-watermark': {
    breaks: 'a follower comes into sync with less than what is committed',
    plant() {
      replaceMethod(
        Leader.prototype,
        'expansion',
        (expansion) =>
          function (this: Leader & { startOffset: bigint }, replicaId: number, log: LogEnds) {
            const { startOffset } = this;
            this.startOffset = 0n;
            try {
              return expansion.call(this, replicaId, { ...endsOf(log), highWatermark: 0n });
            } finally {
              this.startOffset = startOffset;
            }
          },
      );
    },
  },
  'fetch-of-any-incarnation': {
    breaks: 'a fetch counts whatever incarnation of the follower it is from (KAFKA-15221)',
    plant() {
      replaceMethod(
        Partition.prototype,
        'followerFetched',
        (fetched) =>
          function (this: Partition, fetch: FollowerFetch) {
            return fetched.call(this, { ...fetch, brokerEpoch: -1n });
          },
      );
    },
  },
  'any-leader-epoch': {
    breaks: 'requests of older and newer leader epochs are served',
    plant() {
      for (const name of ['checkLeader', 'checkReplica'])
        replaceMethod(
          Partition.prototype,
          name,
          (check) =>
            function (this: Partition) {
              return check.call(this, -1);
            },
        );
    },
  },
  'truncate-to-high-watermark': {
    breaks: 'a replica that begins to follow cuts off all that it does not know to be committed (KIP-101)',
    plant() {
      replaceMethod(
        Partition.prototype,
        'becomeFollower',
        (follow) =>
          function (this: Partition, ...args: unknown[]) {
            if (this.log.logEndOffset > this.highWatermark) void this.log.truncateTo(this.highWatermark);
            return follow.apply(this, args);
          },
      );
    },
  },
  'truncate-by-one-epoch': {
    breaks: 'a follower cuts where the epoch of the leader ends, without a look at its own epochs (KIP-279)',
    plant() {
      replaceMethod(
        Follower.prototype,
        'truncate',
        (truncate) =>
          function (this: Follower, parted: EpochEnd) {
            return truncate.call(this, { epoch: Number.MAX_SAFE_INTEGER, endOffset: parted.endOffset });
          },
      );
    },
  },
  'no-truncation': {
    breaks: 'a follower keeps what its leader does not have, and appends after it',
    plant() {
      replaceMethod(Follower.prototype, 'truncate', () => () => Promise.resolve());
    },
  },
};

/** The getters of a log are not copied by spreading it. */
function endsOf({ logEndOffset, flushedOffset, highWatermark }: LogEnds): LogEnds {
  return { logEndOffset, flushedOffset, highWatermark };
}
