import { diskFailure } from '../disk-failure.ts';
import { DiskFaults, type DiskOperation } from './disk-faults.ts';
import { DiskImage } from './disk-image.ts';
import { SeededRandom } from './random.ts';

/** A slow disk answers all the same: the driver of a real one gives up at about this time. */
const longestDelayMs = 30_000;

/** How long a disk takes, in milliseconds: at least `minMs`, and on average `meanMs` more. */
export interface DiskDelay {
  minMs: number;
  meanMs: number;
}

export interface SimulatedDiskOptions {
  /** Chance, for crashes and delays. */
  random?: SeededRandom;
  /** Wall time, for `modifiedMs`. Default: always 0. */
  nowMs?: () => number;
  /** Lets `callback` happen after a delay. Without it (a plain disk in memory) reads and syncs are done at once. */
  schedule?: (delayMs: number, callback: () => void) => void;
  syncDelay?: DiskDelay;
  readDelay?: DiskDelay;
  /** How many bytes fit. Default: no limit. */
  capacityBytes?: number;
  /** False: it keeps no account of what is durable, which saves memory, and cannot crash. Default: true. */
  crashable?: boolean;
}

/** What all processes that use a disk one after another share: its content, its faults, its pace. */
export class Platter {
  readonly image: DiskImage;
  readonly faults = new DiskFaults();
  readonly random: SeededRandom;
  readonly nowMs: () => number;
  capacityBytes: number | undefined;
  /** Every delay is multiplied by it, up to {@link longestDelayMs}. */
  slowness = 1;
  readonly #schedule: SimulatedDiskOptions['schedule'];
  readonly #delays: Record<'sync' | 'read', DiskDelay>;

  constructor(options: SimulatedDiskOptions) {
    this.image = new DiskImage(options.crashable ?? true);
    this.random = options.random ?? new SeededRandom('disk');
    this.nowMs = options.nowMs ?? (() => 0);
    this.capacityBytes = options.capacityBytes;
    this.#schedule = options.schedule;
    this.#delays = {
      sync: options.syncDelay ?? { minMs: 0.2, meanMs: 0.8 },
      read: options.readDelay ?? { minMs: 0.05, meanMs: 0.1 },
    };
  }

  /** Resolves with what `finish` returns, when the disk has had its time. What it throws rejects. */
  later<T>(operation: 'sync' | 'read', path: string, finish: () => T): Promise<T> {
    const stallMs = this.faults.stallOf(operation, path);
    const schedule = this.#schedule;
    if (!schedule) return new Promise((resolve) => resolve(finish()));
    const { minMs, meanMs } = this.#delays[operation];
    const delayMs = Math.min((minMs + this.random.exponential(meanMs)) * this.slowness, longestDelayMs) + stallMs;
    return new Promise<T>((resolve, reject) => {
      schedule(delayMs, () => {
        try {
          resolve(finish());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** @throws DiskError when this operation is to fail */
  failIfTold(operation: DiskOperation, path: string): void {
    const code = this.faults.failureOf(operation, path);
    if (code !== undefined) throw diskFailure(code, path, operation);
  }

  /** How many bytes may still be written. */
  get freeBytes(): number {
    return this.capacityBytes === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.capacityBytes - this.image.usedBytes);
  }
}
