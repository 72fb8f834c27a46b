import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { DiskError, type DiskLock } from '../disk.ts';
import { diskWork, errorCode } from './disk-error.ts';
import { describeHolder, isAlive, parseHolder, thisProcess } from './lock-holder.ts';

/*
 * Node offers no flock. What decides is still a lock that the kernel frees when its holder ends, however it ends:
 * - Linux: a Unix socket in the abstract namespace, named after the directory's device and inode. Binding it is atomic.
 * - macOS, the BSDs and Windows: opening the lock file itself exclusively (O_EXLOCK).
 * The file `.lock` says who holds it. On Linux it is believed as well, since the socket is seen within one network namespace only,
 * and it is all there is on a system that has neither.
 */

/** A lock kept by the kernel; `descriptor` is the lock file where that is what is locked. */
interface KernelLock {
  descriptor?: number;
  release(): void;
}

/** Directories that this process holds, by device and inode. */
const heldHere = new Set<string>();

/**
 * Takes the lock of a directory for this process.
 * @throws DiskError ELOCKED when another holder lives; ENOENT, EACCES, ... when the directory cannot be used
 */
export function lockDirectory(directory: string): DiskLock {
  const lockPath = `${directory}/.lock`;
  const identity = diskWork(directory, 'lock', () => {
    const { dev, ino } = fs.statSync(directory, { bigint: true });
    return `${dev}:${ino}`;
  });
  if (heldHere.has(identity)) throw lockedError(directory, 'this process');
  const kernelLock = takeKernelLock(identity, lockPath);
  if (kernelLock === 'taken') throw lockedError(directory, describeHolder(readHolder(lockPath)));
  try {
    if (kernelLock?.descriptor === undefined) refuseLivingHolder(directory, lockPath, kernelLock !== undefined);
    writeLockFile(lockPath, kernelLock, `${JSON.stringify(thisProcess())}\n`);
  } catch (error) {
    kernelLock?.release();
    throw error;
  }
  heldHere.add(identity);
  let released = false;
  return {
    release(): void {
      if (released) return;
      released = true;
      heldHere.delete(identity);
      try {
        // Emptied, not removed: whoever has the file open by now must not end up with a lock on a file that is gone.
        if (fs.existsSync(lockPath)) writeLockFile(lockPath, kernelLock, '');
      } catch {
        // A read-only or broken disk: the name that stays there is of a process that ends or lets go.
      }
      kernelLock?.release();
    },
  };
}

/** The kernel's lock; 'taken' when another process has it; undefined where the system has none. */
function takeKernelLock(identity: string, lockPath: string): KernelLock | 'taken' | undefined {
  if (process.platform !== 'linux') {
    const flag = exclusiveOpenFlag();
    return flag === undefined ? undefined : openExclusively(lockPath, flag);
  }
  const name = createHash('sha256').update(`kafka-lite-cluster directory ${identity}`).digest('hex');
  const lock = listenOnAbstractSocket(name);
  if (lock) return lock;
  // Taken, or forbidden altogether (a sandbox)? A name that nobody else can have tells.
  const probe = listenOnAbstractSocket(randomBytes(32).toString('hex'));
  probe?.release();
  return probe ? 'taken' : undefined;
}

function listenOnAbstractSocket(name: string): KernelLock | undefined {
  const server = net.createServer((caller) => caller.destroy());
  server.on('error', () => {});
  // For a path, Node binds and listens before this call returns; only the error event comes later.
  server.listen({ path: `\0kafka-lite-cluster-${name.slice(0, 32)}`, exclusive: true });
  if (!server.listening) return undefined;
  server.unref();
  return { release: () => void server.close() };
}

/** O_EXLOCK: a number of the system that node:fs passes on, though it has no name for it. */
function exclusiveOpenFlag(): number | undefined {
  switch (process.platform) {
    case 'win32':
      return 0x10000000;
    case 'darwin':
    case 'freebsd':
    case 'openbsd':
    case 'netbsd':
      return 0x20 | fs.constants.O_NONBLOCK;
    default:
      return undefined;
  }
}

function openExclusively(lockPath: string, flag: number): KernelLock | 'taken' {
  try {
    const descriptor = fs.openSync(lockPath, fs.constants.O_RDWR | fs.constants.O_CREAT | flag, 0o640);
    return { descriptor, release: () => fs.closeSync(descriptor) };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EBUSY') return 'taken';
    return diskWork(lockPath, 'lock', () => {
      throw error;
    });
  }
}

function refuseLivingHolder(directory: string, lockPath: string, hasKernelLock: boolean): void {
  const holder = readHolder(lockPath);
  if (!holder || !isAlive(holder)) return;
  // A worker thread of this process that ended without letting go: the kernel's lock was free.
  if (holder.pid === process.pid && hasKernelLock) return;
  throw lockedError(directory, describeHolder(holder));
}

function readHolder(lockPath: string): ReturnType<typeof parseHolder> {
  try {
    return parseHolder(fs.readFileSync(lockPath, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Through the locked descriptor where there is one: Windows lets nobody else in, not even its own process. */
function writeLockFile(lockPath: string, kernelLock: KernelLock | undefined, text: string): void {
  diskWork(lockPath, 'write', () => {
    const descriptor = kernelLock?.descriptor;
    if (descriptor === undefined) {
      fs.writeFileSync(lockPath, text, { mode: 0o640 });
    } else {
      fs.ftruncateSync(descriptor, 0);
      fs.writeSync(descriptor, text, 0);
    }
  });
}

function lockedError(directory: string, holder: string): DiskError {
  return new DiskError('ELOCKED', directory, `${directory} is in use by ${holder}`);
}
