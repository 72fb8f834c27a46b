import assert from 'node:assert/strict';
import { DiskError, type DiskFile } from '#platform';
import type { KafkaError, RecordBatch } from '#protocol';
import { NoSpaceError } from './errors.ts';
import { deletedSuffix, freshSuffix, segmentFileName, swapSuffix, truncatedSuffix } from './file-names.ts';
import { type LogConfig, segmentMsOf } from './log-config.ts';
import type { LogHost } from './log-host.ts';
import type { RecoveredLog } from './recovery.ts';
import { largestRelativeOffset, Segment } from './segment.ts';

export interface LogFilesOptions {
  host: LogHost;
  directory: string;
  config(): LogConfig;
  /** What a `.snapshot` file at the log's end has to hold. */
  snapshot(): Buffer;
}

/** What one round does for the truncations so far. */
interface Truncation {
  uncut: ReadonlyMap<Segment, number>;
  condemned: readonly string[];
  fresh: readonly Segment[];
}

/** What one round of syncing has to do; see SyncWork. */
export interface FilesToSync {
  prepare: (() => Promise<void>) | undefined;
  /** There may be more of them when {@link prepare} has resolved. */
  files: DiskFile[];
  done(succeeded: boolean): void;
}

/**
 * The files of one log: its segments and producer snapshots, which of them are not on disk yet, and in what order they have to get there
 * so that a crash at any moment leaves something that recovery understands.
 */
export class LogFiles {
  readonly #options: LogFilesOptions;
  readonly #host: LogHost;
  readonly #directory: string;
  readonly #segments: Segment[];
  /** Offsets of the snapshot files, rising, and those that are still to be written. */
  #snapshots: bigint[];
  readonly #pendingSnapshots = new Map<bigint, Buffer>();
  /** The active segment's file, held open while it is the active one. */
  #activeFile: DiskFile;
  #activeDirty: boolean;
  /** Closed segments whose files, indexes among them, are not all on disk; each is held open. */
  #unsynced: Segment[] = [];
  /** Segments whose file is longer than they are, after a truncation, and the size to which it is to be cut. */
  readonly #uncut: Map<Segment, number>;
  /** Files that a truncation has given another name, and that are still there. */
  #condemned: string[] = [];
  #truncating: boolean;
  /** How many there were. */
  #truncations = 0;
  /** A cleaner's copy that is taking its place on disk. */
  #arriving: Segment | undefined;
  #directoryDirty = false;
  #closed = false;

  constructor(options: LogFilesOptions, recovered: RecoveredLog) {
    this.#options = options;
    this.#host = options.host;
    this.#directory = options.directory;
    this.#segments = recovered.segments;
    this.#snapshots = recovered.snapshots;
    this.#uncut = new Map(recovered.truncated.map((segment) => [segment, segment.size]));
    this.#truncating = this.#uncut.size > 0;
    this.#activeDirty = recovered.syncedOffset < recovered.logEndOffset;
    this.#activeFile = this.active.open();
    for (const segment of this.#segments.slice(0, -1)) if (segment.indexesDirty) this.#holdUnsynced(segment);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get active(): Segment {
    return this.#segments.at(-1)!;
  }

  /** Batches apart, there is nothing that a sync would have to do. */
  get isSettled(): boolean {
    return !this.#truncating && !this.#directoryDirty;
  }

  /** From here on the files of closed segments, indexes among them, are not all on disk. */
  get firstUnsynced(): bigint | undefined {
    return this.#unsynced.find((segment) => segment !== this.active)?.baseOffset;
  }

  /**
   * Writes batches behind the last ones, into another segment when the active one is full or old.
   * @param logEndOffset where the log ended before: with it a new segment begins, though compaction may have left its first batch for later. So a start sees whether
   * the end of the segment before it was lost.
   * @throws KafkaError KAFKA_STORAGE_ERROR; nothing was written then, or the directory is offline
   */
  append(bytes: Buffer, batches: readonly RecordBatch[], now: number, logEndOffset: bigint): Segment {
    let segment: Segment | undefined;
    try {
      if (this.#mustRoll(bytes.length, batches, now)) this.#roll(baseFor(batches, logEndOffset), now);
      segment = this.active;
      this.#activeFile.write([bytes], segment.size);
    } catch (error) {
      throw this.#writeFailed(error, segment);
    }
    for (const batch of batches) segment.added(batch);
    this.#activeDirty = true;
    return segment;
  }

  /** Starts another segment, unless the active one is empty. @throws KafkaError KAFKA_STORAGE_ERROR */
  roll(logEndOffset: bigint, now: number): void {
    if (this.active.size > 0) this.#guarded(() => this.#roll(logEndOffset, now));
  }

  /** Takes all batches from `offset` on away; `position` is where they begin in the segment that holds them. */
  truncate(index: number, offset: bigint, position: number): void {
    const holder = this.#segments[index]!;
    const next = this.#guarded(() => this.#makeFresh(offset));
    this.#irrevocably('a truncation could not be carried out', () => {
      const wasActive = holder === this.active;
      const gone = this.#segments.splice(position === 0 ? index : index + 1);
      for (const segment of gone) this.#condemned.push(...this.#letGo(segment, truncatedSuffix));
      if (position > 0) {
        holder.truncate(offset, position);
        this.#uncut.set(holder, position);
        if (!this.#unsynced.includes(holder)) this.#holdUnsynced(holder);
        if (wasActive) holder.release();
      }
      this.#activate(next);
    });
    this.#noteTruncation();
  }

  /** Takes all segments away and goes on with an empty one. */
  startAgainAt(offset: bigint): void {
    const next = this.#guarded(() => this.#makeFresh(offset));
    this.#irrevocably('a truncation could not be carried out', () => {
      for (const segment of this.#segments.splice(0)) this.#condemned.push(...this.#letGo(segment, truncatedSuffix));
      this.#activate(next);
    });
    this.#noteTruncation();
  }

  /**
   * Renames segments that lie below the log's start, oldest first; they are removed after file.delete.delay.ms. Whether there were any.
   * @throws KafkaError KAFKA_STORAGE_ERROR
   */
  removeBelow(logStartOffset: bigint, most = Number.POSITIVE_INFINITY): boolean {
    const below = this.#segments.findIndex((_, index) => {
      const next = this.#segments[index + 1];
      return !next || next.baseOffset > logStartOffset;
    });
    const count = Math.min(below, most);
    if (count <= 0 || this.#arriving) return false;
    const paths = this.#guarded(() => this.#segments.splice(0, count).flatMap((segment) => this.#letGo(segment, deletedSuffix)));
    const first = this.#segments[0]!.baseOffset;
    paths.push(...this.#letSnapshotsGo((offset) => offset < first));
    this.#removeLater(paths);
    return true;
  }

  /** Whether all of these are still there, and all of them is on disk. */
  holds(segments: readonly Segment[]): boolean {
    const first = this.#segments.indexOf(segments[0]!);
    const areThere = first >= 0 && segments.every((segment, index) => this.#segments[first + index] === segment);
    return areThere && !segments.some((segment) => segment === this.active || this.#unsynced.includes(segment) || this.#uncut.has(segment));
  }

  /**
   * Puts a cleaner's copy, all of it on disk under another ending, in the place of the segments it was made from: at once in memory, and when the promise
   * resolves on disk. A crash in between leaves the one or the other: first the copy's ending says that it is finished, for good; then the originals
   * give up their names, for good; and only then the copy gets its own. False, and nothing has changed, when the originals are not what they were.
   */
  async replace(originals: readonly Segment[], copy: Segment): Promise<boolean> {
    if (this.#closed || this.#arriving || this.#truncating || !this.holds(originals)) return false;
    this.#guarded(() => copy.become(swapSuffix));
    this.#segments.splice(this.#segments.indexOf(originals[0]!), originals.length, copy);
    this.#arriving = copy;
    try {
      await this.syncDirectory();
      if (this.#closed) return true;
      const bases = new Set(originals.slice(1).map((segment) => segment.baseOffset));
      const paths: string[] = [];
      this.#irrevocably('a cleaned segment could not take its place', () => {
        for (const segment of originals) paths.push(...this.#letGo(segment, deletedSuffix));
        paths.push(...this.#letSnapshotsGo((offset) => bases.has(offset)));
      });
      await this.syncDirectory();
      if (this.#closed) return true;
      this.#irrevocably('a cleaned segment could not take its place', () => copy.become(''));
      await this.syncDirectory();
      if (!this.#closed) this.#removeLater(paths);
      return true;
    } finally {
      this.#arriving = undefined;
    }
  }

  /** Whether a truncation to `offset` has to wait until a cleaner's copy has its name. */
  isArrivingAbove(offset: bigint): boolean {
    if (!this.#arriving) return false;
    const next = this.#segments[this.#segments.indexOf(this.#arriving) + 1];
    return next === undefined || offset < next.baseOffset;
  }

  /** Removes snapshots of states that the log does not have any more: those above `logEndOffset`, or all. */
  dropSnapshotsAbove(logEndOffset: bigint | undefined): void {
    const isWithin = (offset: bigint) => logEndOffset !== undefined && offset <= logEndOffset;
    for (const offset of [...this.#pendingSnapshots.keys()]) if (!isWithin(offset)) this.#pendingSnapshots.delete(offset);
    this.#removeFiles(this.#snapshots.filter((offset) => !isWithin(offset)).map((offset) => this.#snapshotPath(offset)));
    this.#snapshots = this.#snapshots.filter(isWithin);
  }

  /** What the snapshots hold. */
  *snapshotsNewestFirst(): Generator<{ offset: bigint; bytes: Buffer }> {
    const offsets = [...this.#snapshots, ...this.#pendingSnapshots.keys()].sort((a, b) => (a < b ? 1 : -1));
    for (const offset of offsets) {
      const read = () => this.#host.disk.readFile(this.#snapshotPath(offset));
      yield { offset, bytes: this.#pendingSnapshots.get(offset) ?? this.#guarded(read) };
    }
  }

  /** Everything that is not on disk yet, in the order in which it has to get there. */
  beginSync(): FilesToSync {
    const held: Segment[] = [];
    const derived: DiskFile[] = [];
    const unsynced = [...this.#unsynced];
    const fresh = this.#segments.filter((segment) => segment.isFresh);
    const truncation = this.#truncating ? { uncut: new Map(this.#uncut), condemned: [...this.#condemned], fresh } : undefined;
    if (this.#activeDirty && !unsynced.includes(this.active)) held.push(this.active);
    held.push(...unsynced);
    let complete = this.#writeIndexes(unsynced, derived);
    if (!truncation && !this.#writeSnapshots(derived)) complete = false;
    const needsDirectory = this.#directoryDirty || derived.length > 0;
    const files = [...held.map((segment) => segment.open()), ...derived];
    const truncations = this.#truncations;
    this.#activeDirty = false;
    this.#directoryDirty = false;
    return {
      files,
      prepare:
        truncation || needsDirectory
          ? async () => {
              if (truncation) {
                await this.#finishTruncation(truncation);
                // Beside what a truncation takes away, a snapshot of what came after it would be taken for one of that. If there is another one by now, its round writes it.
                const snapshots: DiskFile[] = [];
                if (truncations !== this.#truncations || !this.#writeSnapshots(snapshots)) complete = false;
                files.push(...snapshots);
                derived.push(...snapshots);
              }
              await this.syncDirectory();
            }
          : undefined,
      done: (succeeded) => {
        for (const segment of held) segment.release();
        for (const file of derived) file.close();
        if (!succeeded) {
          // Of use only when the disk was full: then another round makes it good.
          this.#activeDirty = true;
          this.#directoryDirty = true;
          return;
        }
        if (truncation) this.#truncationDone(truncation);
        if (complete) this.#syncedSegments(unsynced);
      },
    };
  }

  /** Lets the next round write everything, the active segment's indexes and a snapshot included. Whether there is anything to write. */
  prepareClose(logEndOffset: bigint): boolean {
    if (this.active.indexesDirty || this.#activeDirty) this.#holdUnsynced(this.active);
    this.#takeSnapshot(logEndOffset);
    return this.#unsynced.length > 0 || !this.isSettled;
  }

  /** Closes all files as they are. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const segment of this.#unsynced.splice(0)) segment.release();
    this.active.release();
  }

  async syncDirectory(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#host.disk.syncDirectory(this.#directory);
    } catch (error) {
      // A closed log's directory may have got another name.
      if (!this.#closed) throw this.#host.diskFailed(new Error(`a sync failed: ${error}`, { cause: error }), this.#directory);
    }
  }

  /**
   * First the checkpoints, so that an end below the old recovery point is not taken for damage; then the bytes; and the new segments get their
   * names only when the old ones have given up theirs for good.
   */
  async #finishTruncation({ uncut, condemned, fresh }: Truncation): Promise<void> {
    await this.#host.saveCleanedOffsets();
    await this.#host.saveLogStartOffsets();
    await this.#host.saveRecoveryPoints();
    await this.#host.saveHighWatermarks();
    if (this.#closed) return;
    for (const [segment, size] of uncut) segment.cutFile(size);
    if (fresh.length > 0) {
      await this.syncDirectory();
      if (this.#closed) return;
      for (const segment of fresh) {
        // One that another truncation has taken away meanwhile has another ending.
        if (segment.isFresh) segment.become('');
        // One after the other: where the old records are still there they have to end where the first one begins, and might have no end where a later one does. And until the
        // new names are there for good, the old ones tell why something is missing.
        await this.syncDirectory();
        if (this.#closed) return;
      }
    }
    for (const path of condemned) this.#host.disk.remove(path);
  }

  #noteTruncation(): void {
    this.#truncating = true;
    this.#truncations++;
  }

  /** What another truncation has added meanwhile is for the next round. */
  #truncationDone({ uncut, condemned }: Truncation): void {
    for (const [segment, size] of uncut) if (this.#uncut.get(segment) === size) this.#uncut.delete(segment);
    this.#condemned = this.#condemned.filter((path) => !condemned.includes(path));
    this.#truncating = this.#uncut.size > 0 || this.#condemned.length > 0 || this.#segments.some((segment) => segment.isFresh);
  }

  #syncedSegments(segments: readonly Segment[]): void {
    for (const segment of segments) {
      const index = this.#unsynced.indexOf(segment);
      if (index < 0 || segment.indexesDirty) continue;
      this.#unsynced.splice(index, 1);
      segment.release();
    }
  }

  /** Index files; false when there was no room for all. */
  #writeIndexes(segments: readonly Segment[], files: DiskFile[]): boolean {
    return this.#whileThereIsRoom(() => {
      for (const segment of segments) {
        // While the recovery point on disk is still above a truncated segment, nobody would look whether its index files are torn.
        if (segment.indexesDirty && !this.#uncut.has(segment)) files.push(...segment.writeIndexes());
      }
    });
  }

  /** Snapshots of producers; false when there was no room for all. */
  #writeSnapshots(files: DiskFile[]): boolean {
    return this.#whileThereIsRoom(() => {
      for (const [offset, bytes] of this.#pendingSnapshots) {
        const file = this.#host.disk.open(this.#snapshotPath(offset), 'create');
        files.push(file);
        file.write([bytes], 0);
        this.#pendingSnapshots.delete(offset);
        if (!this.#snapshots.includes(offset)) this.#snapshots.push(offset);
      }
    });
  }

  /** What a full disk does not take another round makes good. */
  #whileThereIsRoom(write: () => void): boolean {
    if (this.#closed) return false;
    try {
      write();
      return true;
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOSPC') return false;
      throw error;
    }
  }

  /** What a write left behind is cut off, so that the file ends where the log does. */
  #writeFailed(error: unknown, segment: Segment | undefined): unknown {
    if (!(error instanceof DiskError)) return error;
    const failure = this.#host.diskFailed(error, this.#directory);
    if (!(failure instanceof NoSpaceError) || !segment) return failure;
    try {
      this.#activeFile.truncate(segment.size);
    } catch (rollbackError) {
      const reason = new Error(`a failed write could not be rolled back: ${rollbackError}`, { cause: rollbackError });
      return this.#host.diskFailed(reason, this.#directory);
    }
    // What the failed write did put there may come back after a crash, so the next batch goes into another file.
    segment.closed = segment.size > 0;
    this.#activeDirty = true;
    return failure;
  }

  #mustRoll(bytes: number, batches: readonly RecordBatch[], now: number): boolean {
    const segment = this.active;
    const config = this.#options.config();
    if (segment.size === 0) return !segment.holds(batches.at(-1)!.lastOffset);
    if (segment.closed || segment.offsetIndex.isFull || segment.timeIndex.isFull) return true;
    if (segment.size + bytes > config.segmentBytes || !segment.holds(batches.at(-1)!.lastOffset)) return true;
    return segment.age(greatestTimestamp(batches), now) > segmentMsOf(config) - segment.rollJitterMs;
  }

  #roll(baseOffset: bigint, now: number): void {
    const old = this.active;
    assert(baseOffset > old.baseOffset, `${this.#directory} cannot begin a second segment at ${baseOffset}`);
    this.#activate(this.#makeSegment(baseOffset, now));
    this.#holdUnsynced(old);
    // The active segment's own hold.
    old.release();
    this.#takeSnapshot(baseOffset);
  }

  /** For what a truncation leaves. One from a truncation before, which is about to go, has that name still when that is not finished. */
  #makeFresh(offset: bigint): { segment: Segment; file: DiskFile } {
    const before = this.#segments.find((segment) => segment.isFresh && segment.baseOffset === offset);
    before?.rename(truncatedSuffix);
    try {
      return this.#makeSegment(offset, this.#host.clock.now(), true);
    } catch (error) {
      before?.become(freshSuffix);
      throw error;
    }
  }

  /** While a truncation is not finished, no segment gets a name by which it could be taken for one that follows on the old ones. */
  #makeSegment(baseOffset: bigint, now: number, isFresh = this.#truncating): { segment: Segment; file: DiskFile } {
    const { disk, random } = this.#host;
    const config = this.#options.config();
    const rollJitterMs = config.segmentJitterMs > 0 ? random.below(config.segmentJitterMs) : 0;
    const segment = new Segment({ disk, directory: this.#directory, baseOffset, config, createdMs: now, rollJitterMs });
    return { segment, file: segment.create(isFresh ? freshSuffix : '') };
  }

  #activate({ segment, file }: { segment: Segment; file: DiskFile }): void {
    this.#segments.push(segment);
    this.#activeFile = file;
    this.#activeDirty = true;
    this.#directoryDirty = true;
  }

  #holdUnsynced(segment: Segment): void {
    segment.open();
    this.#unsynced.push(segment);
  }

  #takeSnapshot(offset: bigint): void {
    this.#dropStraySnapshots(offset);
    if (this.#snapshots.includes(offset) || this.#pendingSnapshots.has(offset)) return;
    this.#pendingSnapshots.set(offset, this.#options.snapshot());
    this.#directoryDirty = true;
  }

  /** Snapshots that earlier shutdowns left in the middle of a segment; the newest of them is of use until there is a newer one. */
  #dropStraySnapshots(end: bigint): void {
    const bases = new Set(this.#segments.map((segment) => segment.baseOffset));
    const stray = this.#snapshots.filter((offset) => !bases.has(offset) && offset < end).slice(0, -1);
    this.#removeFiles(stray.map((offset) => this.#snapshotPath(offset)));
    this.#snapshots = this.#snapshots.filter((offset) => !stray.includes(offset));
  }

  /** Takes a segment's files out of use under another name; answers with these. */
  #letGo(segment: Segment, suffix: typeof deletedSuffix | typeof truncatedSuffix): string[] {
    const wasActive = this.#activeFile === segment.heldFile;
    segment.rename(suffix);
    const index = this.#unsynced.indexOf(segment);
    if (index >= 0) {
      this.#unsynced.splice(index, 1);
      segment.release();
    }
    if (wasActive) segment.release();
    this.#uncut.delete(segment);
    this.#directoryDirty = true;
    return segment.allPaths();
  }

  #snapshotPath(offset: bigint): string {
    return `${this.#directory}/${segmentFileName(offset, '.snapshot')}`;
  }

  /** Takes snapshots out of use; answers with their names from now on. */
  #letSnapshotsGo(isMeant: (offset: bigint) => boolean): string[] {
    const paths = this.#snapshots.filter(isMeant).map((offset) => this.#snapshotPath(offset));
    this.#snapshots = this.#snapshots.filter((offset) => !isMeant(offset));
    for (const path of paths) this.#guarded(() => this.#host.disk.rename(path, path + deletedSuffix));
    return paths.map((path) => path + deletedSuffix);
  }

  #removeLater(paths: readonly string[]): void {
    this.#host.clock.after(this.#options.config().fileDeleteDelayMs, () => {
      if (this.#closed) return;
      try {
        this.#removeFiles(paths);
      } catch {
        // The directory is offline by now, and whoever uses it is told; a timer has nobody to tell.
      }
    });
  }

  #removeFiles(paths: readonly string[]): void {
    this.#guarded(() => {
      for (const path of paths) this.#host.disk.remove(path);
    });
  }

  /** What is half-done when it fails, be it for a full disk, leaves names that the log in memory does not agree with: the directory goes offline. */
  #irrevocably(failure: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      throw this.#host.diskFailed(new Error(`${failure}: ${error}`, { cause: error }), this.#directory);
    }
  }

  #guarded<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      throw error instanceof DiskError ? (this.#host.diskFailed(error, this.#directory) satisfies KafkaError) : error;
    }
  }
}

/** A gap may be too large for a segment's indexes. */
function baseFor(batches: readonly RecordBatch[], logEndOffset: bigint): bigint {
  return batches.at(-1)!.lastOffset - logEndOffset <= largestRelativeOffset ? logEndOffset : batches[0]!.baseOffset;
}

function greatestTimestamp(batches: readonly RecordBatch[]): bigint {
  return batches.reduce((greatest, { maxTimestamp }) => (maxTimestamp > greatest ? maxTimestamp : greatest), -1n);
}
