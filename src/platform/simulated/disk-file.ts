import type { DiskFile } from '../disk.ts';
import { diskFailure } from '../disk-failure.ts';
import type { FileImage } from './file-image.ts';
import type { Platter } from './platter.ts';

/** An open file of a {@link SimulatedDisk}. */
export class SimulatedDiskFile implements DiskFile {
  readonly path: string;
  readonly #image: FileImage;
  readonly #platter: Platter;
  readonly #writable: boolean;
  /** Throws when the process that opened the file has ended. */
  readonly #assertAlive: () => void;
  #size: number;
  #closed = false;

  constructor(options: { path: string; image: FileImage; platter: Platter; writable: boolean; assertAlive: () => void }) {
    this.path = options.path;
    this.#image = options.image;
    this.#platter = options.platter;
    this.#writable = options.writable;
    this.#assertAlive = options.assertAlive;
    this.#size = options.image.content.size;
  }

  get size(): number {
    return this.#size;
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    this.#assertUsable('write');
    if (position > this.#size) throw new RangeError(`a write at ${position} would leave a hole in ${this.path} of ${this.#size} bytes`);
    const bytes = buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers);
    const failure = this.#platter.faults.failureOf('write', this.path);
    const fitting = this.#fitting(bytes.length, position);
    if (failure !== undefined) {
      // As on a real disk, a part may be there.
      this.#put(bytes.subarray(0, this.#platter.random.below(fitting + 1)), position);
      throw diskFailure(failure, this.path, 'write');
    }
    this.#put(bytes.subarray(0, fitting), position);
    if (fitting < bytes.length) throw diskFailure('ENOSPC', this.path, 'write');
  }

  readNow(position: number, length: number): Buffer {
    this.#assertUsable('read');
    this.#platter.failIfTold('read', this.path);
    return this.#image.content.read(position, length);
  }

  async read(position: number, length: number): Promise<Buffer> {
    this.#assertUsable('read');
    const failure = this.#platter.faults.failureOf('read', this.path);
    return this.#platter.later('read', this.path, () => {
      if (failure !== undefined) throw diskFailure(failure, this.path, 'read');
      return this.#image.content.read(position, length);
    });
  }

  truncate(size: number): void {
    this.#assertUsable('write');
    this.#platter.failIfTold('write', this.path);
    this.#platter.image.resize(this.#image, size);
    this.#image.modifiedMs = this.#platter.nowMs();
    this.#size = size;
  }

  async sync(): Promise<void> {
    this.#assertUsable('read');
    const upTo = this.#platter.image.latest;
    const failure = this.#platter.faults.failureOf('sync', this.path);
    const isLost = this.#platter.faults.isLost(this.path);
    await this.#platter.later('sync', this.path, () => {
      if (failure !== undefined) {
        this.#image.syncsAreLies = true;
        throw diskFailure(failure, this.path, 'sync');
      }
      if (!isLost) this.#platter.image.syncFile(this.#image, upTo);
    });
  }

  close(): void {
    this.#closed = true;
  }

  /** How many of the bytes there is room for. */
  #fitting(length: number, position: number): number {
    const overwritten = Math.max(0, this.#image.content.size - position);
    return Math.min(length, overwritten + this.#platter.freeBytes);
  }

  #put(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    this.#platter.image.write(this.#image, bytes, position);
    this.#image.modifiedMs = this.#platter.nowMs();
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  #assertUsable(use: 'read' | 'write'): void {
    this.#assertAlive();
    if (this.#closed) throw new Error(`${this.path} is used after it was closed`);
    if (use === 'write' && !this.#writable) throw diskFailure('EBADF', this.path, 'write');
  }
}
