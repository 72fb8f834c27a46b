import { type Disk, DiskError, type DiskFile, type DiskLock } from '../disk.ts';

/**
 * A disk as one broker sees it that could as well be a process of its own: when it was killed, nothing that it waits for comes back, its files are closed and
 * its locks are free, while the disk keeps all that was written.
 */
export class ProcessDisk implements Disk {
  readonly #disk: Disk;
  readonly #files = new Set<ProcessFile>();
  readonly #locks = new Set<DiskLock>();
  #isKilled = false;
  #isGone = false;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Nothing that is waited for comes back any more. */
  kill(): void {
    this.#isKilled = true;
  }

  /** What the system does behind a process that has ended. */
  cleanUp(): void {
    this.kill();
    this.#isGone = true;
    for (const file of [...this.#files]) file.close();
    for (const lock of this.#locks) lock.release();
    this.#locks.clear();
  }

  open(path: string, mode: 'read' | 'write' | 'create' | 'append-or-create'): DiskFile {
    this.#assertAlive(path);
    const file = new ProcessFile(this.#disk.open(path, mode), {
      settle: (work) => this.#settle(work),
      closed: () => this.#files.delete(file),
    });
    this.#files.add(file);
    return file;
  }

  readFile(path: string): Buffer {
    this.#assertAlive(path);
    return this.#disk.readFile(path);
  }

  replace(path: string, bytes: Uint8Array): Promise<void> {
    this.#assertAlive(path);
    return this.#settle(this.#disk.replace(path, bytes));
  }

  list(path: string): string[] {
    this.#assertAlive(path);
    return this.#disk.list(path);
  }

  stat(path: string): ReturnType<Disk['stat']> {
    this.#assertAlive(path);
    return this.#disk.stat(path);
  }

  makeDirectory(path: string): void {
    this.#assertAlive(path);
    this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#assertAlive(from);
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    this.#assertAlive(path);
    this.#disk.remove(path);
  }

  removeDirectory(path: string): void {
    this.#assertAlive(path);
    this.#disk.removeDirectory(path);
  }

  syncDirectory(path: string): Promise<void> {
    this.#assertAlive(path);
    return this.#settle(this.#disk.syncDirectory(path));
  }

  lock(directory: string): DiskLock {
    this.#assertAlive(directory);
    const lock = this.#disk.lock(directory);
    this.#locks.add(lock);
    return {
      release: () => {
        this.#locks.delete(lock);
        lock.release();
      },
    };
  }

  freeBytes(path: string): number | undefined {
    return this.#disk.freeBytes(path);
  }

  #settle<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      work.then(
        (value) => {
          if (!this.#isKilled) resolve(value);
        },
        (error: unknown) => {
          if (!this.#isKilled) reject(error);
        },
      );
    });
  }

  #assertAlive(path: string): void {
    if (this.#isGone) throw new DiskError('EIO', path, `${path} is used by a broker that was killed`);
  }
}

class ProcessFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #owner: { settle<T>(work: Promise<T>): Promise<T>; closed(): void };

  constructor(file: DiskFile, owner: { settle<T>(work: Promise<T>): Promise<T>; closed(): void }) {
    this.#file = file;
    this.#owner = owner;
  }

  get path(): string {
    return this.#file.path;
  }

  get size(): number {
    return this.#file.size;
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    this.#file.write(buffers, position);
  }

  read(position: number, length: number): Promise<Buffer> {
    return this.#owner.settle(this.#file.read(position, length));
  }

  readNow(position: number, length: number): Buffer {
    return this.#file.readNow(position, length);
  }

  truncate(size: number): void {
    this.#file.truncate(size);
  }

  sync(): Promise<void> {
    return this.#owner.settle(this.#file.sync());
  }

  close(): void {
    this.#owner.closed();
    this.#file.close();
  }
}
