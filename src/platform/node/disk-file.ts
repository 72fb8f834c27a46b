import fs from 'node:fs';
import type { DiskFile } from '../disk.ts';
import { diskWork, toDiskError } from './disk-error.ts';

/** An open file of the host. */
export class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  #size: number;
  #closed = false;
  /** Reads and syncs in the thread pool. The descriptor is closed after the last: its number might be given to another file before. */
  #underway = 0;

  constructor(path: string, descriptor: number, size: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    this.#assertOpen();
    if (position > this.#size) throw new RangeError(`a write at ${position} would leave a hole in ${this.path} of ${this.#size} bytes`);
    diskWork(this.path, 'write', () => {
      let rest = buffers.filter((buffer) => buffer.length > 0);
      let at = position;
      while (rest.length > 0) {
        const written =
          rest.length === 1
            ? fs.writeSync(this.#descriptor, rest[0]!, 0, rest[0]!.length, at)
            : fs.writevSync(this.#descriptor, rest as NodeJS.ArrayBufferView[], at);
        at += written;
        if (at > this.#size) this.#size = at;
        rest = without(rest, written);
      }
    });
  }

  readNow(position: number, length: number): Buffer {
    this.#assertOpen();
    return diskWork(this.path, 'read', () => {
      const bytes = Buffer.allocUnsafe(this.#readable(position, length));
      let filled = 0;
      while (filled < bytes.length) {
        const count = fs.readSync(this.#descriptor, bytes, filled, bytes.length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled === bytes.length ? bytes : bytes.subarray(0, filled);
    });
  }

  read(position: number, length: number): Promise<Buffer> {
    return this.#holdingOpen(async () => {
      // Not from Node's shared pool: the threads fill it while others may allocate there.
      const bytes = Buffer.allocUnsafeSlow(diskWork(this.path, 'read', () => this.#readable(position, length)));
      let filled = 0;
      while (filled < bytes.length) {
        const count = await this.#inThreadPool<number>('read', (done) =>
          fs.read(this.#descriptor, bytes, filled, bytes.length - filled, position + filled, done),
        );
        if (count === 0) break;
        filled += count;
      }
      return filled === bytes.length ? bytes : bytes.subarray(0, filled);
    });
  }

  truncate(size: number): void {
    this.#assertOpen();
    diskWork(this.path, 'truncate', () => fs.ftruncateSync(this.#descriptor, size));
    this.#size = size;
  }

  sync(): Promise<void> {
    return this.#holdingOpen(() => this.#inThreadPool<void>('sync', (done) => fs.fdatasync(this.#descriptor, done)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#underway === 0) this.#closeDescriptor();
  }

  /** How many bytes there are to read from `position`, at most `length`: nothing is allocated for a claimed size. */
  #readable(position: number, length: number): number {
    const end = position + length <= this.#size ? this.#size : fs.fstatSync(this.#descriptor).size;
    return Math.max(0, Math.min(length, end - position));
  }

  async #holdingOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    this.#underway++;
    try {
      return await work();
    } finally {
      this.#underway--;
      if (this.#closed && this.#underway === 0) this.#closeDescriptor();
    }
  }

  #inThreadPool<T>(doing: string, start: (done: (error: Error | null, result?: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      start((error, result) => {
        if (error) reject(toDiskError(error, this.path, doing));
        else resolve(result as T);
      });
    });
  }

  #closeDescriptor(): void {
    diskWork(this.path, 'close', () => fs.closeSync(this.#descriptor));
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error(`${this.path} is used after it was closed`);
  }
}

/** The buffers without their first `count` bytes. */
function without(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let rest = count;
  let first = 0;
  while (first < buffers.length && rest >= buffers[first]!.length) rest -= buffers[first++]!.length;
  const left = buffers.slice(first);
  if (rest > 0) left[0] = left[0]!.subarray(rest);
  return left;
}
