import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own at a folder, which can be filled. */
export interface SmallDisk {
  readonly directory: string;
  /** Leaves so many bytes free; other files stay. Filled already: the same. */
  fill(freeBytes: number): void;
  /** Makes room again. */
  empty(): void;
  /** Unmounts it; the folder stays, as an empty one. With `keep` its content stays as well, in the image beside it. */
  remove(options?: { keep?: boolean }): void;
}

/**
 * Mounts an ext4 on a loop file over a folder that it makes. Its size is only that of the loop file's end: what nobody writes takes no
 * room outside.
 * @returns undefined where this process may not mount one (who is not root, or not on Linux)
 */
export function mountSmallDisk(directory: string, bytes: number): SmallDisk | undefined {
  if (process.platform !== 'linux') return undefined;
  const image = `${directory}.image`;
  closeSync(openSync(image, 'w'));
  truncateSync(image, bytes);
  mkdirSync(directory, { recursive: true });
  // No blocks kept for root, who is the one that runs here.
  const isMounted = runs('mkfs.ext4', '-q', '-m', '0', image) && runs('mount', '-o', 'loop', image, directory);
  if (!isMounted) {
    rmSync(image);
    return undefined;
  }
  rmSync(join(directory, 'lost+found'), { recursive: true });
  const ballast = `${join(directory, '.ballast')}`;
  return {
    directory,
    fill(freeBytes) {
      const { bavail, bsize } = statfsSync(directory);
      const taken = bavail * bsize - freeBytes;
      // Gives the room away without writing it.
      if (taken > 0) runs('fallocate', '-l', String(taken), ballast);
    },
    empty() {
      rmSync(ballast, { force: true });
    },
    remove({ keep = false } = {}) {
      runs('umount', '--lazy', directory); // a process that was killed this moment may still have files open
      if (!keep) rmSync(image, { force: true });
    },
  };
}

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
