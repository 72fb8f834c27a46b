import { DiskError } from './disk.ts';

/** A DiskError in words: what could not be done to which path, and why. */
export function diskFailure(code: string, path: string, doing: string, cause?: unknown): DiskError {
  const words = reasons.get(code);
  const reason = words ? `${words} (${code})` : code;
  return new DiskError(code, path, `cannot ${doing} ${path}: ${reason}`, cause === undefined ? undefined : { cause });
}

const reasons = new Map([
  ['EACCES', 'permission denied'],
  ['EBADF', 'the file was opened for reading only'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EEXIST', 'it exists already'],
  ['EIO', 'the disk reports an input/output error'],
  ['EISDIR', 'it is a directory'],
  ['EMFILE', 'this process has too many open files'],
  ['ENFILE', 'the system has too many open files'],
  ['ENOENT', 'no such file or directory'],
  ['ENOSPC', 'no space left on the disk'],
  ['ENOTDIR', 'a part of the path is not a directory'],
  ['ENOTEMPTY', 'the directory is not empty'],
  ['EROFS', 'the file system is read-only'],
]);
