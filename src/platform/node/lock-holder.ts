import fs from 'node:fs';
import { errorCode } from './disk-error.ts';

/** Who holds a lock, as its file tells. A process id alone is not enough: ids are given again, after a reboot or sooner. */
export interface LockHolder {
  pid: number;
  /** When the process started, in the kernel's clock ticks since boot; null where /proc is missing. */
  startTime: string | null;
  bootId: string | null;
  /** Process ids mean something within their namespace only (containers have their own). */
  pidNamespace: string | null;
}

export function thisProcess(): LockHolder {
  return { pid: process.pid, startTime: processState(process.pid)?.startTime ?? null, bootId: bootId(), pidNamespace: pidNamespace() };
}

/** Reads a lock file's text; undefined when it names nobody. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, startTime, bootId, pidNamespace } = JSON.parse(text) as Partial<Record<keyof LockHolder, unknown>>;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, startTime: textOrNull(startTime), bootId: textOrNull(bootId), pidNamespace: textOrNull(pidNamespace) };
  } catch {
    return undefined;
  }
}

/** Whether that very process still runs, as far as can be seen from here. */
export function isAlive(holder: LockHolder): boolean {
  if (holder.bootId !== bootId() || holder.pidNamespace !== pidNamespace()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to another user.
    if (errorCode(error) !== 'EPERM') return false;
  }
  const state = processState(holder.pid);
  if (!state) return true;
  return !state.ended && (holder.startTime === null || holder.startTime === state.startTime);
}

export function describeHolder(holder: LockHolder | undefined): string {
  if (!holder) return 'another process';
  return holder.pid === process.pid ? 'this process' : `process ${holder.pid}`;
}

/** From /proc; undefined where there is none. `ended` is true for a process that nobody has waited for yet (a zombie). */
function processState(pid: number): { startTime: string; ended: boolean } | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything, so count from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const startTime = fields[19];
    return startTime === undefined ? undefined : { startTime, ended: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}

function bootId(): string | null {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return null;
  }
}

function pidNamespace(): string | null {
  try {
    return fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
