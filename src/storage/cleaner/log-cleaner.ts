import type { Timer } from '#platform';
import { DamagedLogError, NoSpaceError } from '../errors.ts';
import { isCompacted } from '../log-config.ts';
import type { LogHost } from '../log-host.ts';
import type { PartitionLog } from '../partition-log.ts';
import { type CleanerSettings, Cleaning, CleaningAborted } from './cleaning.ts';
import { type DirtySection, dirtySection } from './dirty-section.ts';

export type { CleanerSettings } from './cleaning.ts';

export const defaultCleanerSettings: CleanerSettings = {
  isEnabled: true,
  backoffMs: 15_000,
  dedupeBufferBytes: 128 * 1024 * 1024,
  loadFactor: 0.9,
  ioBufferBytes: 512 * 1024,
  maxBytesPerSecond: Number.POSITIVE_INFINITY,
};

/** Cleans the compacted logs of one data directory, one at a time, the dirtiest first. */
export class LogCleaner {
  readonly #host: LogHost;
  readonly #logs: () => readonly PartitionLog[];
  /** Of these a cleaning has failed; they are left alone until the next start. */
  readonly #uncleanable = new WeakSet<PartitionLog>();
  #work: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(host: LogHost, logs: () => readonly PartitionLog[]) {
    this.#host = host;
    this.#logs = logs;
  }

  /** Looks for something to do from now on. */
  start(settings: () => CleanerSettings): void {
    const look = async () => {
      let wasCleaned = false;
      do wasCleaned = settings().isEnabled && (await this.cleanNext(settings()));
      while (wasCleaned && !this.#stopped);
      if (!this.#stopped) this.#timer = this.#host.clock.after(Math.max(settings().backoffMs, 1), () => void look());
    };
    this.#timer = this.#host.clock.after(Math.max(settings().backoffMs, 1), () => void look());
  }

  /** Gives up what is under way; when the promise resolves nothing is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#work;
  }

  /** Cleans the log that needs it most, if one does; whether that was done. */
  cleanNext(settings: Partial<CleanerSettings> = {}): Promise<boolean> {
    const turn = this.#work.then(() => this.#clean({ ...defaultCleanerSettings, ...settings }));
    this.#work = turn.catch(() => {});
    return turn;
  }

  async #clean(settings: CleanerSettings): Promise<boolean> {
    const next = this.#dirtiest();
    if (next === undefined || this.#stopped) return false;
    const { log, section } = next;
    const { clock } = this.#host;
    const started = clock.monotonic();
    try {
      // Before anything is missing a later start has to know that it may.
      await log.compaction.admitGaps();
      const result = await new Cleaning(this.#host, log, section, settings, () => !this.#stopped).run();
      const ms = Math.round(clock.monotonic() - started);
      const { cleanedTo, bytesBefore, bytesAfter } = result;
      this.#host.log.info(
        { partition: log.name, from: String(section.from), to: String(cleanedTo), bytesBefore, bytesAfter, ms },
        'cleaned a log',
      );
      return true;
    } catch (error) {
      this.#failed(log, error);
      return false;
    }
  }

  #dirtiest(): { log: PartitionLog; section: DirtySection } | undefined {
    const now = this.#host.clock.now();
    let dirtiest: { log: PartitionLog; section: DirtySection } | undefined;
    for (const log of this.#logs()) {
      if (!isCompacted(log.config) || log.failure !== undefined || this.#uncleanable.has(log)) continue;
      this.#rollIfLate(log, now);
      const section = dirtySection(log, now);
      if (section?.isDue && section.dirtyRatio > (dirtiest?.section.dirtyRatio ?? 0)) dirtiest = { log, section };
    }
    return dirtiest;
  }

  /** The active segment is never cleaned, so that a record must not stay in it for longer than max.compaction.lag.ms. */
  #rollIfLate(log: PartitionLog, now: number): void {
    if (log.config.maxCompactionLagMs >= log.config.segmentMs) return;
    try {
      log.rollIfDue(now);
    } catch (error) {
      this.#failed(log, error);
    }
  }

  #failed(log: PartitionLog, error: unknown): void {
    const partition = log.name;
    // Given up, or the log or its directory is closed, or out of use for a reason that was told already.
    if (error instanceof CleaningAborted || log.failure !== undefined || this.#stopped) return;
    if (error instanceof DamagedLogError) {
      log.noteDamage(error);
    } else if (error instanceof NoSpaceError) {
      this.#host.log.warn({ partition }, 'there is no room to clean a log: what is to replace its segments needs some until they are gone');
    } else {
      this.#uncleanable.add(log);
      this.#host.log.error(
        { partition, error: String(error) },
        'a log could not be cleaned, and is left as it is until the broker is started anew',
      );
    }
  }
}
