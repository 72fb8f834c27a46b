import { Ballot } from '#raft/ballot.ts';
import { RaftContext } from '#raft/context.ts';
import { Leader } from '#raft/leader.ts';
import { SimulatedLog } from '#raft/simulation/simulated-log.ts';
import type { Mutation } from '#raft/simulation/simulated-node.ts';
import type { RaftEffect } from '#raft/types.ts';
import { VoterChanges } from '#raft/voter-changes.ts';
import { majorityOf, memberOf } from '#raft/voters.ts';

/** One fault: planted in Raft's code, or a wrong way of carrying out what it decides. */
export interface RaftMutant {
  readonly breaks: string;
  plant?(): void;
  readonly mutation?: Mutation;
}

/** Faults by name, as in simulator/mutants.ts: each must be noticed by the seeds of Raft alone. */
export const raftMutants: Readonly<Record<string, RaftMutant>> = {
  'vote-before-sync': {
    breaks: 'votes and epochs are told before they are on the disk',
    plant() {
      const { takeEffects } = RaftContext.prototype;
      RaftContext.prototype.takeEffects = function () {
        const effects = takeEffects.call(this);
        const isVote = ({ type }: RaftEffect) => type === 'persistElection';
        return [...effects.filter((effect) => !isVote(effect)), ...effects.filter(isVote)];
      };
    },
  },
  'vote-twice': {
    breaks: 'a voter gives every candidate of an epoch its vote',
    plant() {
      define(Ballot.prototype, 'isFree', () => true);
    },
  },
  'older-log-may-lead': {
    breaks: 'a candidate whose last epoch is the same gets votes, however short its log is: >= for >',
    plant() {
      define(Ballot.prototype, 'isUpToDate', function () {
        return this.request.lastEpoch >= this.context.log.lastEpoch;
      });
    },
  },
  'commit-older-epoch': {
    breaks: 'records of older epochs are committed by counting',
    plant() {
      const { start } = Leader.prototype;
      Leader.prototype.start = function (granting) {
        start.call(this, granting);
        Object.assign(this, { epochStartOffset: -1n });
      };
    },
  },
  'answer-before-flush': {
    breaks: 'a replica says that it has flushed what it has not (KAFKA-10533)',
    mutation: { flushKeepsNothing: 'all' },
  },
  'observer-does-not-flush': {
    breaks: 'only voters flush, so what an observer has is not on its disk when it becomes a voter (KAFKA-17332)',
    mutation: { flushKeepsNothing: 'observers' },
  },
  'removed-leader-counts': {
    breaks: 'a leader that was removed counts itself (KAFKA-16530)',
    plant() {
      const { quorumSize } = RaftContext.prototype;
      RaftContext.prototype.quorumSize = function () {
        const isRemoved = this.current instanceof Leader && memberOf(this.voters.latest, this.self) === undefined;
        return quorumSize.call(this) - (isRemoved ? 1 : 0);
      };
    },
  },
  'two-changes-at-once': {
    breaks: 'voters change again before the change before is committed',
    plant() {
      define(VoterChanges.prototype, 'obstacle', () => undefined);
    },
  },
  'majority-of-those-found': {
    breaks: 'a cluster is founded by a majority of the brokers found, not of those named',
    plant() {
      RaftContext.prototype.quorumSize = function () {
        return majorityOf(this.electors().length);
      };
    },
  },
  'forget-formation': {
    breaks: 'who was named at the founding is not remembered over a restart',
    mutation: { forgetFormation: true },
  },
  'snapshot-end-inclusive': {
    breaks: 'the log after a snapshot begins one record too late',
    plant() {
      const { startAt } = SimulatedLog.prototype;
      SimulatedLog.prototype.startAt = function (snapshot) {
        startAt.call(this, snapshot);
        this.startOffset = snapshot.endOffset + 1n;
        this.flushedOffset = this.startOffset;
      };
    },
  },
  'old-answer-accepted': {
    breaks: 'a follower takes what a leader of an older epoch answered to an earlier fetch',
    plant() {
      const { settle } = RaftContext.prototype;
      RaftContext.prototype.settle = function (requestId) {
        const outstanding = settle.call(this, requestId);
        return outstanding?.request.type === 'fetch' ? { ...outstanding, asker: this.current } : outstanding;
      };
    },
  },
  'fetch-without-epoch-check': {
    breaks: 'a leader serves a follower whose log has parted from its own as if it were a prefix (KIP-101, KIP-595)',
    plant() {
      SimulatedLog.prototype.endOffsetForEpoch = function (epoch) {
        return { epoch, endOffset: this.endOffset };
      };
    },
  },
  'damaged-voter-votes': {
    breaks: 'a voter whose log was damaged votes with what is left of it',
    plant() {
      define(Ballot.prototype, 'isAllowed', () => true);
    },
  },
  'repair-ends-early': {
    breaks: 'a damaged log counts as repaired with the first answer of a leader',
    plant() {
      RaftContext.prototype.copied = function () {
        if (this.promised === undefined) return;
        this.promised = undefined;
        this.emit({ type: 'repaired' });
      };
    },
  },
  'disk-by-broker-id': {
    breaks: 'an empty disk votes as the one that it replaced',
    plant() {
      RaftContext.prototype.isMe = function ({ id }) {
        return id === -1 || id === this.self.id;
      };
    },
  },
};

function define<T>(prototype: T, name: keyof T, get: (this: T) => unknown): void {
  Object.defineProperty(prototype, name, { get });
}
