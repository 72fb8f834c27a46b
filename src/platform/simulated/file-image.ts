import type { SeededRandom } from './random.ts';
import { type Piece, SparseBytes } from './sparse-bytes.ts';

/** What a disk writes whole or not at all, mostly. */
export const sectorSize = 512;

/** A write or truncation that is not known to be on the platter. */
interface UnsyncedChange {
  readonly sequence: number;
  readonly kind: 'write' | 'truncate';
  readonly position: number;
  readonly end: number;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  /** The bytes that it replaced or cut off. */
  readonly before: readonly Piece[];
}

/** Decides, at a crash, what becomes of each unsynced change. */
export interface CrashPlan {
  /** 'torn': only a part is kept, and for 'sectors' any part of it. */
  fate(sequence: number): 'kept' | 'lost' | 'torn' | 'sectors';
  readonly random: SeededRandom;
}

/**
 * A file as the running system sees it, together with what it takes to find the file as the platter holds it: for each unsynced
 * change, what was there before. Appending costs next to nothing this way.
 */
export class FileImage {
  readonly kind = 'file';
  readonly content = new SparseBytes();
  modifiedMs: number;
  /** How many names it has; its bytes count as used while it has any. */
  links = 0;
  #unsynced: UnsyncedChange[] = [];
  /**
   * Whether a sync of it has failed: the kernel has then marked the pages clean, and each later sync succeeds without writing them
   * ("fsyncgate").
   */
  syncsAreLies = false;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  get isDirty(): boolean {
    return this.#unsynced.length > 0;
  }

  get oldestUnsynced(): number | undefined {
    return this.#unsynced[0]?.sequence;
  }

  /** Before it there are no bytes that an unsynced change has touched. */
  get syncedBytes(): number {
    return this.#unsynced.reduce((least, change) => Math.min(least, change.position), this.content.size);
  }

  /** @param sequence of the change, or undefined when the disk keeps no account of what is durable */
  write(bytes: Uint8Array, position: number, sequence: number | undefined): void {
    const end = position + bytes.length;
    if (sequence !== undefined) this.#note(sequence, 'write', position, end, Math.max(this.content.size, end));
    this.content.write(bytes, position);
  }

  resize(size: number, sequence: number | undefined): void {
    if (sequence !== undefined) this.#note(sequence, 'truncate', size, Math.max(size, this.content.size), size);
    this.content.resize(size);
  }

  /** All changes up to `sequence` are on the platter. */
  makeDurable(sequence: number): void {
    if (this.syncsAreLies) return;
    const first = this.#unsynced.findIndex((change) => change.sequence > sequence);
    this.#unsynced = first < 0 ? [] : this.#unsynced.slice(first);
  }

  /** The power fails: the content becomes what the platter holds, and of the unsynced changes what the plan keeps. */
  crash(plan: CrashPlan): void {
    const redo: { change: UnsyncedChange; after: Piece[] }[] = [];
    for (const change of this.#unsynced.toReversed()) {
      redo.push({ change, after: change.kind === 'write' ? this.content.extract(change.position, change.end) : [] });
      this.#undo(change);
    }
    for (const { change, after } of redo.reverse()) this.#redo(change, after, plan);
    this.#unsynced = [];
    this.syncsAreLies = false;
  }

  #note(sequence: number, kind: 'write' | 'truncate', position: number, end: number, sizeAfter: number): void {
    const sizeBefore = this.content.size;
    const before = position < sizeBefore ? this.content.extract(position, Math.min(end, sizeBefore)) : [];
    this.#unsynced.push({ sequence, kind, position, end, sizeBefore, sizeAfter, before });
  }

  #undo(change: UnsyncedChange): void {
    this.content.clear(change.position, change.end);
    this.content.resize(change.sizeBefore);
    for (const piece of change.before) this.content.write(piece.bytes, piece.position);
  }

  #redo(change: UnsyncedChange, after: readonly Piece[], plan: CrashPlan): void {
    const fate = plan.fate(change.sequence);
    if (fate === 'lost') return;
    if (change.kind === 'truncate') {
      this.content.resize(change.sizeAfter);
    } else if (fate === 'kept') {
      for (const piece of after) this.content.write(piece.bytes, piece.position);
    } else if (fate === 'torn') {
      const end = change.position + plan.random.below(change.end - change.position + 1);
      for (const { bytes, position } of after) {
        if (position < end) this.content.write(bytes.subarray(0, end - position), position);
      }
    } else {
      this.#redoSectors(change, after, plan.random);
    }
  }

  /** Each sector is kept, lost or torn on its own. The size may have been written without the bytes: then zeros are there. */
  #redoSectors(change: UnsyncedChange, after: readonly Piece[], random: SeededRandom): void {
    for (const { bytes, position } of after) {
      for (let at = 0; at < bytes.length; ) {
        const next = Math.min(bytes.length, at + sectorSize - ((position + at) % sectorSize));
        const chance = random.below(8);
        const kept = chance < 4 ? next - at : chance === 4 ? random.below(next - at) : 0;
        if (kept > 0) this.content.write(bytes.subarray(at, at + kept), position + at);
        at = next;
      }
    }
    if (random.chance(0.5)) this.content.resize(Math.max(this.content.size, change.sizeAfter));
  }
}
