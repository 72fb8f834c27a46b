import assert from 'node:assert/strict';
import { type Disk, DiskError, type DiskLock, type Logger, type Platform, type Timer } from '#platform';
import { KafkaError } from '#protocol';
import { takeCleanShutdownMarker, writeCleanShutdownMarker } from './clean-shutdown.ts';
import { type CleanerSettings, LogCleaner } from './cleaner/log-cleaner.ts';
import { DirectoryCheckpoints } from './directory-checkpoints.ts';
import { DirectoryHealth } from './directory-health.ts';
import { DamagedLogError, LogDirectoryError, NoSpaceError } from './errors.ts';
import {
  deletedPartitionDirectoryName,
  isDeletedPartitionDirectoryName,
  isStrayDirectoryOf,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  strayPartitionDirectoryName,
} from './file-names.ts';
import { Flusher } from './flusher.ts';
import { removeDeletedFiles } from './leftovers.ts';
import { defaultLogConfig, isCompacted, type LogConfig } from './log-config.ts';
import type { LogHost } from './log-host.ts';
import { type MetaProperties, readMetaProperties } from './meta-properties.ts';
import { PartitionLog } from './partition-log.ts';
import { readPartitionMetadata, syncPartitionMetadata, writePartitionMetadata } from './partition-metadata.ts';
import { recoverLog } from './recovery.ts';
import { Shared } from './shared-work.ts';
import { TailCache } from './tail-cache.ts';

export interface LogDirectoryOptions {
  platform: Pick<Platform, 'disk' | 'clock' | 'log' | 'random'>;
  path: string;
  /** For partitions that {@link configFor} says nothing about. */
  config?: Partial<LogConfig>;
  /** The configuration of a topic whose partitions are found on disk; {@link PartitionLog.updateConfig} may correct it later. */
  configFor?: (topic: string) => LogConfig | undefined;
  /** For the recent bytes of all partitions together. */
  tailCacheBytes?: number;
  /** How many logs may be synced at the same time. */
  parallelSyncs?: number;
  /** Logs whose recovery must never take damage of flushed bytes for a torn tail. Default: the metadata log. */
  isStrict?: (topic: string) => boolean;
}

export interface HousekeepingOptions {
  /** How often retention and rolls by time are looked after. */
  retentionCheckMs?: number;
  /** How often recovery points and high watermarks are written down, when there are others. */
  checkpointMs?: number;
  /** How compacted logs are cleaned, asked before each cleaning; without it none is. */
  cleaner?: () => CleanerSettings;
}

/** A partition whose files cannot be served. */
export interface FailedPartition {
  topic: string;
  partition: number;
  topicId: string | undefined;
  failure: KafkaError;
  /** All below was on disk once. */
  recoveryPoint: bigint;
}

/**
 * One data directory and the logs in it. It is locked for this process, and goes offline for good at the first write or sync that fails
 * for another reason than a full disk: nothing that the system may have lost is ever reported as written.
 */
export class LogDirectory {
  readonly path: string;
  readonly flusher: Flusher;
  readonly #options: LogDirectoryOptions;
  readonly #config: LogConfig;
  readonly #log: Logger;
  readonly #lock: DiskLock;
  readonly #host: LogHost;
  readonly #health: DirectoryHealth;
  readonly #partitions = new Map<string, PartitionLog>();
  readonly #failed = new Map<string, FailedPartition>();
  /** What is being given another name, until that is on disk. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #checkpoints: DirectoryCheckpoints;
  readonly #rootSync = new Shared(() => this.#syncRoot());
  readonly #cleaner: LogCleaner;
  #timers: Timer[] = [];
  #closed = false;
  #lastShutdown: { brokerEpoch: bigint } | undefined;

  private constructor(options: LogDirectoryOptions, lock: DiskLock) {
    const { disk, clock, log, random } = options.platform;
    this.#options = options;
    this.path = options.path;
    this.#config = { ...defaultLogConfig, ...options.config };
    this.#lock = lock;
    this.#log = log.child({ logDirectory: options.path });
    this.#health = new DirectoryHealth({
      path: this.path,
      clock,
      log: this.#log,
      failed: (failure) => {
        this.flusher.fail(failure);
        this.#stopTimers();
      },
    });
    this.#checkpoints = new DirectoryCheckpoints({
      disk,
      path: this.path,
      logs: () => this.partitions(),
      guarded: (act) => this.#health.guarded(act),
    });
    this.flusher = new Flusher(options.parallelSyncs ?? 4, clock, (error) => void this.#health.diskFailed(error, this.path));
    this.#host = {
      disk,
      clock,
      random,
      log: this.#log,
      flusher: this.flusher,
      cache: new TailCache(options.tailCacheBytes ?? 64 * 1024 * 1024),
      assertOnline: () => this.#health.assertOnline(),
      diskFailed: (error, path) => this.#health.diskFailed(error, path),
      saveRecoveryPoints: () => this.#checkpoints.recoveryPoints.save(),
      saveLogStartOffsets: () => this.#checkpoints.logStartOffsets.save(),
      saveHighWatermarks: () => this.#checkpoints.highWatermarks.save(),
      saveCleanedOffsets: () => this.#checkpoints.cleanedOffsets.save(),
      saveForgottenDeletions: () => this.#checkpoints.forgottenDeletions.save(),
    };
    this.#cleaner = new LogCleaner(this.#host, () => this.partitions());
  }

  /**
   * Opens a data directory, made if it is missing: takes its lock, takes the marker of a clean shutdown away, and loads every partition.
   * A partition whose files are damaged fails alone; see {@link failedPartitions}.
   * @throws LogDirectoryError when another broker has it, naming the directory and the holder
   */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    await makeDirectoryDurably(options.platform.disk, options.path);
    const directory = new LogDirectory(options, takeLock(options));
    try {
      await directory.#load();
      return directory;
    } catch (error) {
      directory.halt();
      throw error;
    }
  }

  /** 'offline' after a disk failure: nothing is written or read any more. */
  get state(): 'online' | 'offline' {
    return this.#health.failure ? 'offline' : 'online';
  }

  /** Why it is offline. */
  get offlineReason(): KafkaError | undefined {
    return this.#health.failure;
  }

  /** What `meta.properties` says now. */
  get metaProperties(): MetaProperties | undefined {
    return readMetaProperties(this.#host.disk, this.path);
  }

  /** With what broker epoch the broker stopped in good order the last time; undefined when it did not. */
  get lastCleanShutdown(): { brokerEpoch: bigint } | undefined {
    return this.#lastShutdown;
  }

  /** Calls back once when the directory goes offline. */
  onOffline(callback: (error: KafkaError) => void): void {
    this.#health.onOffline(callback);
  }

  partition(topic: string, partition: number): PartitionLog | undefined {
    return this.#partitions.get(partitionDirectoryName(topic, partition));
  }

  /** All partitions that can be used. */
  partitions(): PartitionLog[] {
    return [...this.#partitions.values()];
  }

  /**
   * Partitions whose files were found damaged at the start. Nothing of them was changed; {@link setAside} makes room for another log of their
   * name, {@link deletePartition} takes them away.
   */
  failedPartitions(): FailedPartition[] {
    return [...this.#failed.values()];
  }

  /**
   * Makes a partition's directory and its empty log; durable when the promise resolves.
   * @throws KafkaError KAFKA_STORAGE_ERROR, a {@link NoSpaceError} when the disk is full; TOPIC_ALREADY_EXISTS
   */
  async createPartition(topic: string, partition: number, topicId: string, config?: LogConfig): Promise<PartitionLog> {
    this.#health.assertOnline();
    const name = partitionDirectoryName(topic, partition);
    const failed = this.#failed.get(name);
    if (failed) throw failed.failure;
    const path = `${this.path}/${name}`;
    const { disk } = this.#host;
    if (this.#partitions.has(name) || disk.stat(path)) throw new KafkaError('TOPIC_ALREADY_EXISTS', `${path} is there already`);
    let log: PartitionLog | undefined;
    try {
      await this.#checkpoints.forget(topic, partition);
      disk.makeDirectory(path);
      await writePartitionMetadata(disk, path, topicId);
      log = await this.#open({ topic, partition, topicId, config: config ?? this.#configOf(topic), clean: true });
      await disk.syncDirectory(path);
      await this.#rootSync.run();
      this.#partitions.set(name, log);
      // Nothing may be missing in it before a later start knows that it may.
      if (log.compaction.cleanedOffset !== undefined) await log.compaction.admitGaps();
      return log;
    } catch (error) {
      log?.halt();
      this.#partitions.delete(name);
      const failure = error instanceof KafkaError ? error : this.#health.diskFailed(error, path);
      if (failure instanceof NoSpaceError) disk.removeDirectory(path);
      throw failure;
    }
  }

  /**
   * Deletes a partition: its directory gets another name at once, and goes after file.delete.delay.ms, also when the broker is started
   * anew meanwhile. When the promise resolves it cannot come back.
   */
  async deletePartition(topic: string, partition: number): Promise<void> {
    this.#health.assertOnline();
    const name = partitionDirectoryName(topic, partition);
    const log = this.#partitions.get(name);
    if (log || this.#failed.has(name)) {
      const deleted = deletedPartitionDirectoryName(topic, partition, this.#host.random.bytes(16).toString('hex'));
      await this.#letGo(topic, partition, deleted);
      this.#removeLater(deleted, log?.config.fileDeleteDelayMs ?? this.#config.fileDeleteDelayMs);
    } else {
      await this.#leaving.get(name);
    }
    this.#removeStrays(topic, partition);
  }

  /**
   * Sets a partition aside whose files are damaged: one of {@link failedPartitions}, one whose log has a `failure`, or one of which the caller
   * knows by `found` that something is missing. Its directory gets
   * another name, under which nobody loads it and whoever wants to can look into it, and {@link createPartition} can make an empty log in its
   * place. When the promise resolves it cannot come back. Of each partition the last one that was set aside is kept, until it is deleted.
   * @returns where the files are now
   */
  async setAside(topic: string, partition: number, found?: KafkaError): Promise<string> {
    this.#health.assertOnline();
    const name = partitionDirectoryName(topic, partition);
    const failure = this.#partitions.get(name)?.failure ?? this.#failed.get(name)?.failure ?? found;
    assert(failure, `${this.path}/${name} is not set aside: it is not known to be damaged`);
    const stray = strayPartitionDirectoryName(topic, partition, this.#host.random.bytes(4).toString('hex'));
    await this.#letGo(topic, partition, stray);
    this.#log.warn({ partition: name, directory: `${this.path}/${stray}` }, `a damaged log was set aside: ${failure.message}`);
    this.#removeStrays(topic, partition, stray);
    return `${this.path}/${stray}`;
  }

  /** Looks after retention, rolls and checkpoints from now on, until the directory is closed. */
  startHousekeeping({ retentionCheckMs = 300_000, checkpointMs = 1000, cleaner }: HousekeepingOptions = {}): void {
    if (cleaner) this.#cleaner.start(cleaner);
    this.#timers.push(
      this.#host.clock.every(retentionCheckMs, () => void this.applyRetention()),
      this.#host.clock.every(checkpointMs, () => void this.checkpoint().catch(() => {})),
    );
  }

  /** One round of retention and rolls by time over all partitions. */
  async applyRetention(): Promise<void> {
    for (const log of this.partitions()) {
      if (this.#health.failure || this.#closed) return;
      try {
        const now = this.#host.clock.now();
        log.rollIfDue(now);
        await log.applyRetention(now);
      } catch (error) {
        this.#log.warn({ partition: log.name, error: String(error) }, 'retention could not be applied; it is tried again later');
      }
    }
  }

  /** Cleans compacted logs until none is due. */
  async clean(settings?: Partial<CleanerSettings>): Promise<void> {
    while (!this.#health.failure && !this.#closed && (await this.#cleaner.cleanNext(settings)));
  }

  /** Writes recovery points, log starts and high watermarks down, as far as they have changed. */
  async checkpoint(): Promise<void> {
    if (this.#health.failure || this.#closed) return;
    await this.#checkpoints.save();
  }

  /**
   * Stops in good order: everything is synced, then the marker is written, last of all, unless something is wrong, and the lock is released.
   * @param options.brokerEpoch kept in the marker (KIP-966)
   */
  async close({ brokerEpoch = -1n }: { brokerEpoch?: bigint } = {}): Promise<void> {
    if (this.#closed) return;
    this.#stopTimers();
    await this.#cleaner.stop();
    try {
      if (!this.#health.failure) {
        const logs = this.partitions();
        const isSound = this.#failed.size === 0 && logs.every((log) => log.failure === undefined);
        await this.checkpoint();
        await Promise.all(logs.map((log) => log.close()));
        await this.checkpoint();
        await this.#rootSync.run();
        if (isSound && !this.#health.failure) await writeCleanShutdownMarker(this.#host.disk, this.path, brokerEpoch);
      }
    } catch (error) {
      throw error instanceof KafkaError ? error : this.#health.diskFailed(error, this.path);
    } finally {
      this.halt();
    }
  }

  /** Stops as a crash would: nothing more is written. The lock is released. */
  halt(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimers();
    const error = new KafkaError('KAFKA_STORAGE_ERROR', `${this.path} is closed`);
    this.flusher.fail(error);
    for (const log of this.#partitions.values()) log.halt();
    this.#health.close(error);
    this.#lock.release();
  }

  async #load(): Promise<void> {
    const { disk, clock } = this.#host;
    const started = clock.monotonic();
    this.#lastShutdown = await takeCleanShutdownMarker(disk, this.path);
    const clean = this.#lastShutdown !== undefined;
    // The checkpoints may be as a killed process left them, in the page cache only, and files are removed by what they say.
    if (!clean) await disk.syncDirectory(this.path);
    for (const name of disk.list(this.path)) {
      if (name.endsWith('.tmp')) disk.remove(`${this.path}/${name}`);
      if (disk.stat(`${this.path}/${name}`)?.kind !== 'directory') continue;
      if (isDeletedPartitionDirectoryName(name)) this.#removeLater(name, this.#config.fileDeleteDelayMs);
      const parsed = parsePartitionDirectoryName(name);
      if (!parsed) continue;
      await this.#loadPartition(parsed.topic, parsed.partition, clean);
    }
    await this.#settle(clean);
    const ms = Math.round(clock.monotonic() - started);
    this.#log.info({ partitions: this.#partitions.size, failed: this.#failed.size, clean, ms }, 'data directory loaded');
  }

  /** Puts what was found on disk, and the checkpoints in agreement with it. On a full disk that has to wait; reads work all the same. */
  async #settle(clean: boolean): Promise<void> {
    try {
      if (!clean) {
        await this.#syncFound();
        // First, as index files are made anew: while they are, the recovery point must not be above their segments.
        await this.checkpoint();
        await Promise.all(this.partitions().map((log) => this.flusher.flush(log)));
      }
      await this.checkpoint();
      // What explained a difference between the checkpoints and the logs may go.
      for (const log of this.partitions()) removeDeletedFiles(this.#host.disk, log.directory);
    } catch (error) {
      if (!(error instanceof NoSpaceError)) throw error;
      this.#log.warn({}, 'the disk is full: what was found could not be written down yet');
    }
  }

  /**
   * A process that was killed leaves files and names behind that are in the page cache only. This one has read them and goes by them, so they
   * must not be lost with the power either: what a directory is called, what is in it, and whose it is (S9).
   */
  #syncFound(): Promise<void> {
    const { disk } = this.#host;
    return this.#health.guarded(async () => {
      for (const log of this.partitions()) {
        await syncPartitionMetadata(disk, log.directory);
        await disk.syncDirectory(log.directory);
      }
      await disk.syncDirectory(this.path);
    });
  }

  async #loadPartition(topic: string, partition: number, clean: boolean): Promise<void> {
    const name = partitionDirectoryName(topic, partition);
    const { disk } = this.#host;
    const path = `${this.path}/${name}`;
    const topicId = readPartitionMetadata(disk, path);
    const hasRecords = disk.list(path).some((file) => file.endsWith('.log') && disk.stat(`${path}/${file}`)!.size > 0);
    if (topicId === undefined && !hasRecords) {
      this.#log.info({ directory: path }, 'removing a partition directory that was never finished');
      disk.removeDirectory(path);
      return;
    }
    const recoveryPoint = this.#checkpoints.recoveryPoints.find(topic, partition);
    try {
      if (topicId === undefined)
        throw new DamagedLogError(
          path,
          `${path} has records and no valid partition.metadata, so nobody can tell which topic it belongs to`,
        );
      const logStart = this.#checkpoints.logStartOffsets.find(topic, partition);
      const config = this.#configOf(topic);
      const cleanedOffset = this.#checkpoints.cleanedOffsets.find(topic, partition);
      const forgottenDeletionsBefore = this.#checkpoints.forgottenDeletions.find(topic, partition) ?? 0n;
      const cleaning = { cleanedOffset, forgottenDeletionsBefore };
      const log = await this.#open({ topic, partition, topicId, config, clean, recoveryPoint, logStartOffset: logStart, ...cleaning });
      this.#partitions.set(name, log);
      const highWatermark = this.#checkpoints.highWatermarks.find(topic, partition) ?? 0n;
      const { logStartOffset, logEndOffset } = log;
      if (highWatermark > logEndOffset) {
        const offsets = { logEndOffset: String(logEndOffset), highWatermark: String(highWatermark) };
        this.#log.warn(
          { partition: name, flush: config.flush, ...offsets },
          'committed records were lost: the log ends below its high watermark',
        );
      }
      log.highWatermark = highWatermark < logStartOffset ? logStartOffset : highWatermark > logEndOffset ? logEndOffset : highWatermark;
    } catch (error) {
      const failure =
        error instanceof DiskError ? new DamagedLogError(error.path, `${error.path} cannot be used: ${error.message}`) : error;
      if (!(failure instanceof DamagedLogError)) throw error;
      this.#log.error({ partition: name, file: failure.path }, failure.message);
      this.#failed.set(name, { topic, partition, topicId, failure, recoveryPoint: recoveryPoint ?? 0n });
      this.#checkpoints.keep(topic, partition);
    }
  }

  async #open(partition: {
    topic: string;
    partition: number;
    topicId: string;
    config: LogConfig;
    clean: boolean;
    recoveryPoint?: bigint | undefined;
    logStartOffset?: bigint | undefined;
    cleanedOffset?: bigint | undefined;
    forgottenDeletionsBefore?: bigint;
  }): Promise<PartitionLog> {
    const { topic, config, recoveryPoint = 0n, logStartOffset, clean, cleanedOffset, forgottenDeletionsBefore = 0n } = partition;
    const directory = `${this.path}/${partitionDirectoryName(topic, partition.partition)}`;
    const gaps = cleanedOffset !== undefined || isCompacted(config);
    const { disk, clock, log } = this.#host;
    const recovered = await recoverLog({ disk, clock, log, directory, config, logStartOffset, recoveryPoint, clean, gaps });
    const strict = (this.#options.isStrict ?? isMetadataTopic)(topic);
    return new PartitionLog({ ...partition, host: this.#host, directory, strict, cleanedOffset, forgottenDeletionsBefore }, recovered);
  }

  #configOf(topic: string): LogConfig {
    return this.#options.configFor?.(topic) ?? this.#config;
  }

  /** Takes a partition out of use; its directory has another name, for good, when the promise resolves. */
  #letGo(topic: string, partition: number, newName: string): Promise<void> {
    const name = partitionDirectoryName(topic, partition);
    this.#partitions.get(name)?.halt();
    this.#partitions.delete(name);
    this.#failed.delete(name);
    this.#checkpoints.release(topic, partition);
    const leaving = this.#renameDurably(name, newName).finally(() => {
      if (this.#leaving.get(name) === leaving) this.#leaving.delete(name);
    });
    this.#leaving.set(name, leaving);
    return leaving;
  }

  async #renameDurably(name: string, newName: string): Promise<void> {
    try {
      this.#host.disk.rename(`${this.path}/${name}`, `${this.path}/${newName}`);
      await this.#rootSync.run();
    } catch (error) {
      throw error instanceof KafkaError ? error : this.#health.diskFailed(error, this.path);
    }
  }

  #removeStrays(topic: string, partition: number, except?: string): void {
    for (const name of this.#host.disk.list(this.path)) {
      if (name !== except && isStrayDirectoryOf(name, topic, partition)) this.#removeLater(name, 0);
    }
  }

  #syncRoot(): Promise<void> {
    return this.#health.guarded(() => this.#host.disk.syncDirectory(this.path));
  }

  #removeLater(name: string, delayMs: number): void {
    const { disk, clock } = this.#host;
    const timer = clock.after(delayMs, () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
      if (this.#closed || this.#health.failure) return;
      try {
        disk.removeDirectory(`${this.path}/${name}`);
      } catch (error) {
        this.#log.warn(
          { directory: name, error: String(error) },
          'a deleted partition could not be removed; it is tried again at the next start',
        );
      }
    });
    this.#timers.push(timer);
  }

  #stopTimers(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
  }
}

/**
 * Makes a directory and those above it so that a crash does not take any of them away again. What is there already may have been made
 * by a process that was killed before it could do so much, so the way up is synced in any case, as far as this user may.
 */
async function makeDirectoryDurably(disk: Disk, path: string): Promise<void> {
  disk.makeDirectory(path);
  for (let slash = path.lastIndexOf('/'); ; slash = path.lastIndexOf('/', slash - 1)) {
    const parent = slash < 0 ? '.' : path.slice(0, slash) || '/';
    await disk.syncDirectory(parent).catch((error: unknown) => {
      if (!(error instanceof DiskError && (error.code === 'EACCES' || error.code === 'EPERM'))) throw error;
    });
    if (slash <= 0) return;
  }
}

function isMetadataTopic(topic: string): boolean {
  return topic === '__cluster_metadata';
}

function takeLock({ platform, path }: LogDirectoryOptions): DiskLock {
  try {
    return platform.disk.lock(path);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ELOCKED') throw error;
    throw new LogDirectoryError(
      path,
      `The data directory ${path} is in use: ${error.message}. Stop the other broker, or use another directory.`,
      { cause: error },
    );
  }
}
