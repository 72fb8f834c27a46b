import { asKafkaError, KafkaError } from '#protocol';
import { DamagedLogError, type PartitionLog } from '#storage';
import type { SnapshotStore } from './snapshot-store.ts';
import type { FetchAnswer, FetchSnapshotAnswer, RaftAnswer } from './types.ts';

const maxFetchBytes = 8 * 1024 * 1024;
const maxSnapshotPieceBytes = 1024 * 1024;

export interface PendingRequestsOptions {
  readonly log: PartitionLog;
  readonly snapshots: SnapshotStore;
  /** Is this node leader in that epoch, still? */
  readonly leads: (epoch: number) => boolean;
  /** The log cannot be read: this node must take part no more. */
  readonly damaged: (error: DamagedLogError) => void;
}

/** Requests of other nodes whose answers have not left. The core says what is to be in an answer; what it takes from the disk is read here. */
export class PendingRequests {
  readonly #options: PendingRequestsOptions;
  readonly #waiting = new Map<number, { readonly resolve: (answer: RaftAnswer) => void; readonly reject: (error: Error) => void }>();
  #nextId = 1;

  constructor(options: PendingRequestsOptions) {
    this.#options = options;
  }

  /** A request with the number that it gets here. */
  open<T extends RaftAnswer>(begin: (requestId: number) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const requestId = this.#nextId++;
      this.#waiting.set(requestId, { resolve: resolve as (answer: RaftAnswer) => void, reject });
      begin(requestId);
    });
  }

  respond(requestId: number, answer: RaftAnswer): void {
    const resolve = this.#waiting.get(requestId)?.resolve;
    this.#waiting.delete(requestId);
    if (resolve === undefined) return;
    if (answer.type === 'fetch' && answer.readFrom !== undefined) this.#respondWithRecords(resolve, answer, answer.readFrom);
    else if (answer.type === 'fetchSnapshot' && answer.read === true) void this.#respondWithPiece(resolve, answer);
    else resolve(answer);
  }

  /** This node has left the quorum. */
  rejectAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new KafkaError('BROKER_NOT_AVAILABLE', 'This broker has left the metadata quorum.'));
  }

  #respondWithRecords(resolve: (answer: RaftAnswer) => void, answer: FetchAnswer, readFrom: bigint): void {
    const { log, leads, damaged } = this.#options;
    const failed = (error: unknown) => {
      resolve({ ...answer, error: asKafkaError(error).errorName });
      // Who does not know all of its log must not lead (R13); the next start repairs it.
      if (error instanceof DamagedLogError) damaged(error);
    };
    try {
      const read = log.read(readFrom, maxFetchBytes, log.logEndOffset);
      if (Buffer.isBuffer(read)) {
        resolve({ ...answer, bytes: read });
        return;
      }
      // While the file was read another leader may have had this log cut.
      read.then((bytes) => resolve(leads(answer.epoch) ? { ...answer, bytes } : { ...answer, error: 'NOT_LEADER_OR_FOLLOWER' }), failed);
    } catch (error) {
      failed(error);
    }
  }

  async #respondWithPiece(resolve: (answer: RaftAnswer) => void, answer: FetchSnapshotAnswer): Promise<void> {
    try {
      resolve({ ...answer, ...(await this.#options.snapshots.readPiece(answer.snapshot, answer.position, maxSnapshotPieceBytes)) });
    } catch (error) {
      resolve({ ...answer, error: asKafkaError(error).errorName });
    }
  }
}
