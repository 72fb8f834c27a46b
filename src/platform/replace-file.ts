import type { Disk } from './disk.ts';

/**
 * {@link Disk.replace} in terms of a disk's other operations. Replacements of one path take turns, since they share `path.tmp`;
 * each disk has one of these.
 */
export class FileReplacer {
  readonly #disk: Disk;
  readonly #last = new Map<string, Promise<void>>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  replace(path: string, bytes: Uint8Array): Promise<void> {
    const replaceNow = (): Promise<void> => this.#replaceNow(path, bytes);
    const before = this.#last.get(path);
    const work = before ? before.then(replaceNow, replaceNow) : replaceNow();
    this.#last.set(path, work);
    const forget = (): void => {
      if (this.#last.get(path) === work) this.#last.delete(path);
    };
    work.then(forget, forget);
    return work;
  }

  async #replaceNow(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.tmp`;
    try {
      const file = this.#disk.open(temporary, 'create');
      try {
        file.write([bytes], 0);
        await file.sync();
      } finally {
        file.close();
      }
      this.#disk.rename(temporary, path);
    } catch (error) {
      this.#removeQuietly(temporary);
      throw error;
    }
    await this.#disk.syncDirectory(directoryOf(path));
  }

  #removeQuietly(path: string): void {
    try {
      this.#disk.remove(path);
    } catch {
      // The failure that led here is the one to report.
    }
  }
}

/** The path of the directory that holds `path`. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
