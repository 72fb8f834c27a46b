/**
 * The door to one disk. Everything but syncing and large reads is synchronous: a write is a copy into the operating system's page
 * cache, so an append either happened whole before anything else ran, or threw. Only {@link DiskFile.sync}, {@link Disk.syncDirectory}
 * and {@link Disk.replace} make anything durable; what was not synced may be lost, torn or reordered by a crash.
 *
 * Paths use '/' and are resolved by the implementation (Node: the host's file system; simulated: a tree in memory).
 */
export interface Disk {
  /**
   * Opens a file. 'read' and 'write' want an existing one; 'create' makes it, or empties it when it exists; 'append-or-create' makes
   * it when missing and keeps what is there. All but 'read' may write. @throws DiskError ENOENT, EACCES, ENOSPC, EIO, ...
   */
  open(path: string, mode: 'read' | 'write' | 'create' | 'append-or-create'): DiskFile;
  /** Reads a whole (small) file. @throws DiskError ENOENT */
  readFile(path: string): Buffer;
  /**
   * Puts `bytes` in place of the file, atomically and durably: writes `path.tmp`, syncs it, renames it, syncs the directory. When the promise
   * resolves a crash leaves the new content; before, the old or the new, never a mix.
   */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** The names in a directory, sorted. @throws DiskError ENOENT */
  list(path: string): string[];
  /** What is at the path, or undefined. `modifiedMs` is wall time. */
  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | undefined;
  /** Makes the directory and those above it; existing ones are fine. */
  makeDirectory(path: string): void;
  /** Renames a file or directory; an existing file at `to` is replaced. Durable only after the directory (both, if two) was synced. */
  rename(from: string, to: string): void;
  /** Removes a file; a missing one is fine. */
  remove(path: string): void;
  /** Removes a directory with all in it; a missing one is fine. */
  removeDirectory(path: string): void;
  /** Makes creations, renames and removals of entries in this directory durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes the lock of a directory (a file `.lock` in it) for this process, until released or the process ends, however it ends.
   * @throws DiskError ELOCKED when another holder lives (in another process or in this one); its message names the holder when known
   */
  lock(directory: string): DiskLock;
  /** Bytes that may still be written, or undefined where that is unknown. */
  freeBytes(path: string): number | undefined;
}

export interface DiskLock {
  release(): void;
}

/** An open file. After {@link close} nothing else may be called. */
export interface DiskFile {
  readonly path: string;
  /** Bytes, as this handle's writes and truncates left it. */
  readonly size: number;
  /** Writes the buffers one after another at `position` (at most `size`: no holes). All or an error; after an error the bytes there are unknown. */
  write(buffers: readonly Uint8Array[], position: number): void;
  /** Reads up to `length` bytes from `position`; fewer at the end of the file. Does not hold up the event loop. */
  read(position: number, length: number): Promise<Buffer>;
  /** The same, at once: for start-up, indexes and small reads. */
  readNow(position: number, length: number): Buffer;
  /** Cuts (or extends by zeros) to `size` bytes. */
  truncate(size: number): void;
  /** fdatasync: when it resolves all that was written and truncated before the call survives a crash. Any error is final (see fsyncgate). */
  sync(): Promise<void>;
  close(): void;
}

/** What a disk operation failed with. `code` is the system's name: ENOSPC, EIO, ENOENT, EACCES, EROFS, EMFILE, ELOCKED, ... */
export class DiskError extends Error {
  readonly code: string;
  readonly path: string;

  constructor(code: string, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DiskError';
    this.code = code;
    this.path = path;
  }
}
