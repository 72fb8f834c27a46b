import type { RaftContext } from './context.ts';
import type { FetchSnapshotAnswer, SnapshotId } from './types.ts';

/** A snapshot that is being copied from the leader, piece by piece; what an earlier attempt fetched is kept. */
export class SnapshotFetch {
  readonly id: SnapshotId;
  readonly #context: RaftContext;
  #position: number;
  #size = Number.POSITIVE_INFINITY;

  constructor(context: RaftContext, id: SnapshotId, position: number) {
    this.#context = context;
    this.id = id;
    this.#position = position;
  }

  /** The first byte that is missing here. */
  get position(): number {
    return this.#position;
  }

  /** All bytes are here and are being checked. */
  get isWhole(): boolean {
    return this.#position >= this.#size;
  }

  /** Takes one piece. False: it does not fit, and the whole snapshot has to be asked for again. */
  take(answer: FetchSnapshotAnswer): boolean {
    const bytes = answer.bytes ?? Buffer.alloc(0);
    const isOurs = answer.snapshot.endOffset === this.id.endOffset && answer.snapshot.epoch === this.id.epoch;
    if (!isOurs || answer.position !== this.#position || (bytes.length === 0 && this.#position < answer.size)) return false;
    this.#size = answer.size;
    if (bytes.length > 0) {
      this.#context.emit({ type: 'writeSnapshot', snapshot: this.id, position: this.#position, bytes });
      this.#position += bytes.length;
    }
    if (this.isWhole) this.#context.emit({ type: 'finishSnapshot', snapshot: this.id });
    return true;
  }
}
