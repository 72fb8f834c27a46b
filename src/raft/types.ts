import type { Address } from '#platform';
import type { ErrorName } from '#protocol';

/** One replica of the metadata log: a broker id together with the disk it stands on. A replaced disk is another replica (KIP-853). */
export interface ReplicaKey {
  readonly id: number;
  readonly directoryId: string;
}

/** A replica with the address at which others reach it. */
export interface Voter extends ReplicaKey {
  readonly address: Address;
}

/** A snapshot holds all records below `endOffset`; `epoch` is that of the last of them. */
export interface SnapshotId {
  readonly endOffset: bigint;
  readonly epoch: number;
}

/** An epoch and the offset at which it ends in some log. */
export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: bigint;
}

/** What a node promised and learnt about its epoch, as kept in `quorum-state`. */
export interface ElectionState {
  readonly epoch: number;
  /** -1: none known. */
  readonly leaderId: number;
  readonly votedFor: ReplicaKey | undefined;
}

/** The control records that Raft itself writes and reads. */
export type ControlRecord =
  | {
      readonly type: 'leaderChange';
      readonly leaderId: number;
      readonly voterIds: readonly number[];
      readonly grantingIds: readonly number[];
    }
  | { readonly type: 'kRaftVersion'; readonly version: number }
  | { readonly type: 'voters'; readonly voters: readonly Voter[] };

/** What the core must know of one record batch of the log; the bytes stay with the shell. */
export interface BatchInfo {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly epoch: number;
  /** The voter set that this (control) batch brings. */
  readonly voters?: { readonly offset: bigint; readonly voters: readonly Voter[] };
}

/** The log as the core sees it. The shell has carried out all earlier effects when the core looks. */
export interface LogView {
  readonly startOffset: bigint;
  readonly endOffset: bigint;
  /** All below this offset survives a crash. */
  readonly flushedOffset: bigint;
  /** Epoch of the last record, in the log or in the snapshot it starts from; 0 when there is none. */
  readonly lastEpoch: number;
  /** The largest epoch that is at most `epoch`, and where it ends. Epoch 0 at the start offset when there is none. */
  endOffsetForEpoch(epoch: number): EpochEnd;
  readonly latestSnapshot: SnapshotId | undefined;
  /** Epoch of the record before `startOffset` (that of the snapshot that ends there); 0 at offset 0. */
  readonly epochBeforeStart: number;
  /** Bytes of this snapshot that an earlier attempt has fetched. */
  partialSnapshotSize(id: SnapshotId): number;
}

interface FromReplica {
  /** null: the sender's cluster is not formed yet. */
  readonly clusterId: string | null;
}

export interface VoteMessage extends FromReplica {
  readonly type: 'vote';
  readonly epoch: number;
  readonly candidate: ReplicaKey;
  /** Who is asked; id -1: whoever gets it. */
  readonly voter: ReplicaKey;
  readonly lastEpoch: number;
  readonly lastOffset: bigint;
  readonly preVote: boolean;
}

export interface BeginQuorumEpochMessage extends FromReplica {
  readonly type: 'beginQuorumEpoch';
  readonly epoch: number;
  readonly leaderId: number;
  readonly leaderAddress: Address | undefined;
  readonly voter: ReplicaKey;
}

export interface EndQuorumEpochMessage extends FromReplica {
  readonly type: 'endQuorumEpoch';
  readonly epoch: number;
  readonly leaderId: number;
  /** Who had better stand, best first. */
  readonly preferred: readonly ReplicaKey[];
}

export interface FetchMessage extends FromReplica {
  readonly type: 'fetch';
  readonly replica: ReplicaKey;
  readonly epoch: number;
  /** All below it is flushed at the sender. */
  readonly fetchOffset: bigint;
  readonly lastFetchedEpoch: number;
  readonly highWatermark: bigint;
  readonly maxWaitMs: number;
}

export interface FetchSnapshotMessage extends FromReplica {
  readonly type: 'fetchSnapshot';
  readonly replica: ReplicaKey;
  readonly epoch: number;
  readonly snapshot: SnapshotId;
  readonly position: number;
}

export interface AddVoterMessage extends FromReplica {
  readonly type: 'addVoter';
  readonly voter: Voter;
  readonly timeoutMs: number;
  readonly ackWhenCommitted: boolean;
}

export interface RemoveVoterMessage extends FromReplica {
  readonly type: 'removeVoter';
  readonly voter: ReplicaKey;
}

export interface UpdateVoterMessage extends FromReplica {
  readonly type: 'updateVoter';
  readonly epoch: number;
  readonly voter: Voter;
}

/** The question of formation: who are you, and do you belong to a cluster? DescribeCluster and DescribeQuorum in one. */
export interface AskMessage {
  readonly type: 'ask';
}

export type RaftRequest =
  | VoteMessage
  | BeginQuorumEpochMessage
  | EndQuorumEpochMessage
  | FetchMessage
  | FetchSnapshotMessage
  | AddVoterMessage
  | RemoveVoterMessage
  | UpdateVoterMessage
  | AskMessage;

/** What every answer between replicas says of the epoch and its leader. */
export interface Standing {
  readonly error: ErrorName;
  readonly epoch: number;
  /** -1: none known. */
  readonly leaderId: number;
  readonly leaderAddress: Address | undefined;
}

export interface VoteAnswer extends Standing {
  readonly type: 'vote';
  readonly granted: boolean;
}

export interface QuorumEpochAnswer extends Standing {
  readonly type: 'beginQuorumEpoch' | 'endQuorumEpoch';
}

export interface FetchAnswer extends Standing {
  readonly type: 'fetch';
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly diverging?: EpochEnd;
  readonly snapshot?: SnapshotId;
  /** On the leader's side: the shell puts the batches from here up to its log end into the answer. */
  readonly readFrom?: bigint;
  /** On the follower's side: what came, checked by the shell (CRC, whole batches). */
  readonly batches?: readonly BatchInfo[];
  readonly bytes?: Buffer;
}

export interface FetchSnapshotAnswer extends Standing {
  readonly type: 'fetchSnapshot';
  readonly snapshot: SnapshotId;
  readonly position: number;
  /** On the leader's side: the shell reads the bytes and fills in the size, or says why not. */
  readonly read?: true;
  readonly size: number;
  readonly bytes?: Buffer;
}

export interface ChangeVotersAnswer extends Standing {
  readonly type: 'addVoter' | 'removeVoter' | 'updateVoter';
  readonly message: string | null;
}

export interface AskAnswer {
  readonly type: 'ask';
  /** undefined: not formed. */
  readonly clusterId: string | undefined;
  /** The one who answers; undefined when a formed cluster's member did not say which of its nodes it is. */
  readonly self: Voter | undefined;
  /** Before formation: whom the one who answers has found at the addresses it was given. */
  readonly knows: readonly ReplicaKey[];
}

export type RaftAnswer = VoteAnswer | QuorumEpochAnswer | FetchAnswer | FetchSnapshotAnswer | ChangeVotersAnswer | AskAnswer;

export type RaftEvent =
  | { readonly type: 'tick' }
  /** Another replica or a tool asks; the answer leaves as a `respond` effect with this number. */
  | { readonly type: 'request'; readonly requestId: number; readonly request: RaftRequest }
  /** The answer to a `send` effect. */
  | { readonly type: 'answer'; readonly requestId: number; readonly answer: RaftAnswer }
  /** No answer will come. `refused`: nobody listens at that address. */
  | { readonly type: 'failed'; readonly requestId: number; readonly refused: boolean }
  /** The log is durable up to its view's `flushedOffset`. */
  | { readonly type: 'flushed' }
  /** A fetched snapshot is whole, checked and durable. */
  | { readonly type: 'snapshotReady'; readonly snapshot: SnapshotId; readonly voters: readonly Voter[] }
  /** A fetched snapshot did not pass its checks and was thrown away. */
  | { readonly type: 'snapshotDamaged'; readonly snapshot: SnapshotId }
  /** This node wants to lead no more, for good when it shuts down. */
  | { readonly type: 'resign'; readonly epoch: number | undefined; readonly shutdown: boolean };

/** What the shell does, in order; a persisting effect is complete before the next one starts. */
export type RaftEffect =
  | { readonly type: 'persistElection'; readonly election: ElectionState }
  | { readonly type: 'persistFormation'; readonly formation: FormationState | undefined }
  | { readonly type: 'persistClusterId'; readonly clusterId: string }
  | { readonly type: 'appendControl'; readonly epoch: number; readonly records: readonly ControlRecord[] }
  | { readonly type: 'appendData'; readonly epoch: number; readonly records: readonly Buffer[] }
  | { readonly type: 'appendFetched'; readonly batches: readonly BatchInfo[]; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly offset: bigint }
  /** Start a flush; its end is a `flushed` event. */
  | { readonly type: 'flush' }
  | { readonly type: 'send'; readonly requestId: number; readonly to: Address; readonly request: RaftRequest }
  | { readonly type: 'respond'; readonly requestId: number; readonly answer: RaftAnswer }
  | { readonly type: 'highWatermark'; readonly offset: bigint }
  /** `leaderId` -1: none. For this node itself only when its whole log is committed. */
  | { readonly type: 'leaderChange'; readonly leaderId: number; readonly epoch: number }
  | { readonly type: 'writeSnapshot'; readonly snapshot: SnapshotId; readonly position: number; readonly bytes: Buffer }
  | { readonly type: 'finishSnapshot'; readonly snapshot: SnapshotId }
  /** A log that was damaged holds again all that this node had promised: it need not be remembered any more that it does not vote. */
  | { readonly type: 'repaired' }
  /** Forget the log, start it anew at the snapshot's end, give the snapshot to the listeners. */
  | { readonly type: 'installSnapshot'; readonly snapshot: SnapshotId }
  /** This node must not go on; `message` says why, for people. */
  | { readonly type: 'fatal'; readonly message: string };

/** `formation.json`: what a broker must remember of its formation. See formation.ts. */
export interface FormationState {
  /** The other brokers' addresses, as first given. */
  readonly named: readonly Address[];
  /** Is the founding record of this node's log known to be committed? */
  readonly founded: boolean;
}

export interface RaftConfig {
  /** A voter that finds no leader stands after this time, drawn between once and twice of it. */
  readonly electionTimeoutMs: number;
  /** A candidate that lost waits up to this long. */
  readonly electionBackoffMaxMs: number;
  /** A follower whose fetches have failed for so long gives its leader up; a leader that hears of no majority for 1.5 times as long resigns. */
  readonly fetchTimeoutMs: number;
  readonly fetchMaxWaitMs: number;
  /** After this time an answer is given up. */
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
  /** How often a broker that seeks its cluster asks each address it was given. */
  readonly askIntervalMs: number;
  /** How long a majority that could found a cluster waits for the others, after the last newcomer. */
  readonly foundingGraceMs: number;
  /** Brokers that were named at formation but came late become voters while there are fewer than this. */
  readonly maxVoters: number;
}

export const defaultRaftConfig: RaftConfig = {
  electionTimeoutMs: 1000,
  electionBackoffMaxMs: 1000,
  fetchTimeoutMs: 2000,
  fetchMaxWaitMs: 500,
  requestTimeoutMs: 2000,
  retryBackoffMs: 50,
  askIntervalMs: 200,
  foundingGraceMs: 400,
  maxVoters: 5,
};
