import fs from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskLock } from '../disk.ts';
import { FileReplacer } from '../replace-file.ts';
import { lockDirectory } from './directory-lock.ts';
import { diskWork, errorCode, toDiskError } from './disk-error.ts';
import { NodeDiskFile } from './disk-file.ts';

/** Others of the same group may read (backups, monitoring), nobody else. */
const fileMode = 0o640;
const directoryMode = 0o750;

const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
const openFlags = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT | O_TRUNC,
  // Not O_APPEND: the system would then ignore the position of a write.
  'append-or-create': O_RDWR | O_CREAT,
} as const;

/** The host's file system. Relative paths start at the working directory. */
export class NodeDisk implements Disk {
  readonly #replacer = new FileReplacer(this);

  open(path: string, mode: 'read' | 'write' | 'create' | 'append-or-create'): DiskFile {
    return diskWork(path, 'open', () => {
      const descriptor = fs.openSync(path, openFlags[mode], fileMode);
      try {
        return new NodeDiskFile(path, descriptor, fs.fstatSync(descriptor).size);
      } catch (error) {
        fs.closeSync(descriptor);
        throw error;
      }
    });
  }

  readFile(path: string): Buffer {
    return diskWork(path, 'read', () => fs.readFileSync(path));
  }

  replace(path: string, bytes: Uint8Array): Promise<void> {
    return this.#replacer.replace(path, bytes);
  }

  list(path: string): string[] {
    return diskWork(path, 'list', () => fs.readdirSync(path)).sort();
  }

  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | undefined {
    try {
      const found = fs.statSync(path, { throwIfNoEntry: false });
      return found && { kind: found.isDirectory() ? 'directory' : 'file', size: found.size, modifiedMs: found.mtimeMs };
    } catch (error) {
      if (errorCode(error) === 'ENOTDIR') return undefined;
      throw toDiskError(error, path, 'look at');
    }
  }

  makeDirectory(path: string): void {
    diskWork(path, 'make the directory', () => makeDirectories(path));
  }

  rename(from: string, to: string): void {
    diskWork(from, `rename to ${to}:`, () => fs.renameSync(from, to));
  }

  remove(path: string): void {
    try {
      fs.unlinkSync(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw toDiskError(error, path, 'remove');
    }
  }

  removeDirectory(path: string): void {
    diskWork(path, 'remove the directory', () => fs.rmSync(path, { recursive: true, force: true }));
  }

  syncDirectory(path: string): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let descriptor: number;
      try {
        descriptor = fs.openSync(path, O_RDONLY);
      } catch (error) {
        settle(error);
        return;
      }
      fs.fsync(descriptor, (error) => {
        fs.closeSync(descriptor);
        settle(error);
      });

      function settle(error: unknown): void {
        if (error && !cannotSyncDirectories(error)) reject(toDiskError(error, path, 'sync the directory'));
        else resolve();
      }
    });
  }

  lock(directory: string): DiskLock {
    return lockDirectory(directory);
  }

  freeBytes(path: string): number | undefined {
    try {
      const { bavail, bsize } = fs.statfsSync(path);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  }
}

/** Windows cannot open a directory as a file, and some network file systems cannot sync one: there the file system's own journal has to do. */
function cannotSyncDirectories(error: unknown): boolean {
  const code = errorCode(error);
  if (process.platform === 'win32') return code === 'EPERM' || code === 'EISDIR' || code === 'EACCES';
  return code === 'EINVAL' || code === 'ENOTSUP' || code === 'EOPNOTSUPP';
}

/** Where the system has no place for a folder in one that is there (ENOENT, as in /proc), the `recursive` of Node's own never ends. */
function makeDirectories(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || fs.existsSync(dirname(path))) throw error;
    makeDirectories(dirname(path));
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    fs.mkdirSync(path, { mode: directoryMode });
  } catch (error) {
    if (!fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
