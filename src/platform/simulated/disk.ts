import assert from 'node:assert/strict';
import { type Disk, DiskError, type DiskFile, type DiskLock } from '../disk.ts';
import { diskFailure } from '../disk-failure.ts';
import { FileReplacer } from '../replace-file.ts';
import type { DiskOperation, FaultScope } from './disk-faults.ts';
import { SimulatedDiskFile } from './disk-file.ts';
import { type CrashMode, DirectoryImage, type DiskImageEvent, type Node, namesOf } from './disk-image.ts';
import { FileImage } from './file-image.ts';
import { Platter, type SimulatedDiskOptions } from './platter.ts';

/**
 * A disk in memory that forgets at a crash what was not synced, fills up, slows down, fails and rots when told to. An object is the
 * view of one process: after {@link crash} or {@link restart} it throws, and what these return is the next process's view. The root
 * is there; paths with and without a leading '/' are the same.
 */
export class SimulatedDisk implements Disk {
  readonly #platter: Platter;
  readonly #replacer = new FileReplacer(this);
  readonly #locked = new Set<Node>();
  #alive = true;

  constructor(source: SimulatedDiskOptions | Platter = {}) {
    this.#platter = source instanceof Platter ? source : new Platter(source);
  }

  open(path: string, mode: 'read' | 'write' | 'create' | 'append-or-create'): DiskFile {
    this.#assertAlive();
    this.#platter.failIfTold('open', path);
    const { directory, name } = this.#platter.image.parentOf(path, 'open');
    let image = directory.entries.get(name);
    if (image?.kind === 'directory') throw diskFailure('EISDIR', path, 'open');
    if (!image) {
      if (mode === 'read' || mode === 'write') throw diskFailure('ENOENT', path, 'open');
      image = new FileImage(this.#platter.nowMs());
      this.#edit([{ directory, name, to: image }]);
    } else if (mode === 'create') {
      this.#platter.image.resize(image, 0);
      image.modifiedMs = this.#platter.nowMs();
    }
    return new SimulatedDiskFile({
      path,
      image,
      platter: this.#platter,
      writable: mode !== 'read',
      assertAlive: () => this.#assertAlive(),
    });
  }

  readFile(path: string): Buffer {
    const file = this.open(path, 'read');
    try {
      return file.readNow(0, file.size);
    } finally {
      file.close();
    }
  }

  replace(path: string, bytes: Uint8Array): Promise<void> {
    return this.#replacer.replace(path, bytes);
  }

  list(path: string): string[] {
    return [...this.#directory(path, 'list').entries.keys()].sort();
  }

  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | undefined {
    this.#assertAlive();
    const node = this.#platter.image.find(path);
    return node && { kind: node.kind, size: node.kind === 'file' ? node.content.size : 0, modifiedMs: node.modifiedMs };
  }

  makeDirectory(path: string): void {
    this.#assertAlive();
    let directory = this.#platter.image.root;
    for (const name of namesOf(path)) {
      let next = directory.entries.get(name);
      if (next?.kind === 'file') throw diskFailure('EEXIST', path, 'make the directory');
      if (!next) {
        next = new DirectoryImage(this.#platter.nowMs());
        this.#edit([{ directory, name, to: next }]);
      }
      directory = next;
    }
  }

  rename(from: string, to: string): void {
    this.#assertAlive();
    const doing = `rename to ${to}:`;
    const source = this.#platter.image.parentOf(from, doing);
    const target = this.#platter.image.parentOf(to, doing);
    const node = source.directory.entries.get(source.name);
    const replaced = target.directory.entries.get(target.name);
    if (!node) throw diskFailure('ENOENT', from, doing);
    this.#platter.failIfTold('rename', from);
    if (node === replaced) return;
    if (replaced?.kind === 'directory') {
      if (node.kind === 'file') throw diskFailure('EISDIR', from, doing);
      if (replaced.entries.size > 0) throw diskFailure('ENOTEMPTY', from, doing);
    } else if (replaced && node.kind === 'directory') {
      throw diskFailure('ENOTDIR', from, doing);
    }
    this.#edit([
      { ...source, to: undefined },
      { ...target, to: node },
    ]);
  }

  remove(path: string): void {
    this.#assertAlive();
    const node = this.#platter.image.find(path);
    if (!node) return;
    if (node.kind === 'directory') throw diskFailure('EISDIR', path, 'remove');
    this.#platter.failIfTold('remove', path);
    this.#edit([{ ...this.#platter.image.parentOf(path, 'remove'), to: undefined }]);
  }

  removeDirectory(path: string): void {
    this.#assertAlive();
    const node = this.#platter.image.find(path);
    if (!node) return;
    this.#platter.failIfTold('remove', path);
    if (node.kind === 'directory') this.#empty(node);
    this.#edit([{ ...this.#platter.image.parentOf(path, 'remove the directory'), to: undefined }]);
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = this.#directory(path, 'sync the directory');
    const upTo = this.#platter.image.latest;
    const failure = this.#platter.faults.failureOf('sync', path);
    const isLost = this.#platter.faults.isLost(path);
    await this.#platter.later('sync', path, () => {
      if (failure !== undefined) throw diskFailure(failure, path, 'sync the directory');
      if (!isLost) this.#platter.image.syncDirectory(directory, upTo);
    });
  }

  lock(path: string): DiskLock {
    const directory = this.#directory(path, 'lock');
    if (this.#locked.has(directory)) throw new DiskError('ELOCKED', path, `${path} is in use by this process`);
    this.open(`${path}/.lock`, 'append-or-create').close();
    this.#locked.add(directory);
    return { release: () => void this.#locked.delete(directory) };
  }

  freeBytes(_path: string): number | undefined {
    const { freeBytes } = this.#platter;
    return Number.isFinite(freeBytes) ? freeBytes : undefined;
  }

  /** The power fails: this view ends. Returns the view of whoever starts next, on what has survived. */
  crash(mode: CrashMode): SimulatedDisk {
    this.#assertAlive();
    assert(this.#platter.image.crashable, 'a disk that keeps no account of what is durable cannot crash');
    this.#alive = false;
    this.#platter.image.crash(mode, this.#platter.random);
    return new SimulatedDisk(this.#platter);
  }

  /** The process ends and the system lives on: this view ends, nothing is lost. Returns the next process's view. */
  restart(): SimulatedDisk {
    this.#assertAlive();
    this.#alive = false;
    return new SimulatedDisk(this.#platter);
  }

  /**
   * Lets an operation fail. After a failed sync the file's later syncs succeed and make nothing durable, as on Linux.
   * @param code the system's name of the error: EIO, ENOSPC, EMFILE, ...
   */
  failNext(operation: DiskOperation, code: string, scope?: FaultScope): void {
    this.#platter.faults.add(operation, { kind: 'failure', code }, scope);
  }

  /** Lets syncs, of files and of directories, report success and keep nothing: a disk that lies. No broker can live with it. */
  loseSyncs(scope: FaultScope = { times: Number.POSITIVE_INFINITY }): void {
    this.#platter.faults.add('sync', { kind: 'lost' }, scope);
  }

  /** Lets a sync or a read that is waited for take longer by `delayMs`, on disks that take time at all. */
  stallNext(operation: 'sync' | 'read', delayMs: number, scope?: FaultScope): void {
    this.#platter.faults.add(operation, { kind: 'stall', delayMs }, scope);
  }

  /** Takes back all of {@link failNext}, {@link loseSyncs} and {@link stallNext} that has not happened. */
  clearFailures(): void {
    this.#platter.faults.clear();
  }

  /** How many bytes fit on the disk; undefined: no limit. */
  setCapacity(bytes: number | undefined): void {
    this.#platter.capacityBytes = bytes;
  }

  /** From now on `bytes` more fit on the disk, whatever there is; undefined: no limit. */
  setFreeBytes(bytes: number | undefined): void {
    this.#platter.capacityBytes = bytes === undefined ? undefined : this.#platter.image.usedBytes + bytes;
  }

  /** Every delay is multiplied by `factor`. */
  setSlowness(factor: number): void {
    this.#platter.slowness = factor;
  }

  /** The medium rots: one bit of a file is not what was written, for readers now and after a crash. */
  flipBit(path: string, position: number, bit = 0): void {
    const file = this.#platter.image.find(path);
    assert(file?.kind === 'file' && position < file.content.size, `${path} has no byte ${position}`);
    file.content.flipBit(position, bit);
  }

  /** What a file holds, whatever is wrong with the disk and whoever is up. */
  contentOf(path: string): Buffer {
    const file = this.#platter.image.find(path);
    assert(file?.kind === 'file', `there is no file ${path}`);
    return file.content.read(0, file.content.size);
  }

  /** All files, by path; bytes before `syncedBytes` are on the platter as they are now. For choosing what is to rot. */
  files(): { path: string; size: number; syncedBytes: number }[] {
    return this.#platter.image.files().sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Shows every change and every sync from now on to `observer`, whoever makes it. @returns the root as it is now */
  observe(observer: (event: DiskImageEvent) => void): DirectoryImage {
    assert(this.#platter.image.crashable, 'a disk that keeps no account of what is durable cannot be observed');
    this.#platter.image.onEvent = observer;
    return this.#platter.image.root;
  }

  #empty(directory: DirectoryImage): void {
    for (const [name, node] of [...directory.entries]) {
      if (node.kind === 'directory') this.#empty(node);
      this.#edit([{ directory, name, to: undefined }]);
    }
  }

  #edit(edits: { directory: DirectoryImage; name: string; to: Node | undefined }[]): void {
    this.#platter.image.edit(edits, this.#platter.nowMs());
  }

  #directory(path: string, doing: string): DirectoryImage {
    this.#assertAlive();
    const node = this.#platter.image.find(path);
    if (!node) throw diskFailure('ENOENT', path, doing);
    if (node.kind === 'file') throw diskFailure('ENOTDIR', path, doing);
    return node;
  }

  #assertAlive(): void {
    if (!this.#alive) throw new Error('the process that had this disk open has ended');
  }
}

/** A disk for tests and embedded clusters that keep everything in memory: syncs are done at once, and there is nothing to crash. */
export function memoryDisk(options: { capacityBytes?: number } = {}): SimulatedDisk {
  return new SimulatedDisk({ ...options, crashable: false, nowMs: Date.now });
}
