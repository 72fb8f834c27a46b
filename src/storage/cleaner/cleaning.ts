import { DiskError } from '#platform';
import type { RecordBatch } from '#protocol';
import type { LogHost } from '../log-host.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { Segment } from '../segment.ts';
import { type CleaningRules, cleanBatch, placeholderOf } from './clean-batch.ts';
import { type DirtySection, fitsInto } from './dirty-section.ts';
import { bytesPerKey, KeyOffsets } from './key-offsets.ts';
import { Pace } from './pace.ts';
import { SegmentCopy } from './segment-copy.ts';
import { type WalkOptions, walkSegment } from './segment-walk.ts';
import { TransactionsSeen } from './transactions-seen.ts';

export interface CleanerSettings {
  readonly isEnabled: boolean;
  /** How long nothing is looked at when nothing was to be done. */
  readonly backoffMs: number;
  /** Memory for the keys of a dirty section; one with more of them takes several cleanings. */
  readonly dedupeBufferBytes: number;
  /** Which part of that memory may be filled. */
  readonly loadFactor: number;
  /** Read at once. */
  readonly ioBufferBytes: number;
  /** Of what is read and written together. */
  readonly maxBytesPerSecond: number;
}

export interface CleaningResult {
  /** All below is clean now. */
  readonly cleanedTo: bigint;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Something else has changed the log meanwhile, or the cleaner has to stop: what was begun comes to nothing, and is tried again. */
export class CleaningAborted extends Error {}

/**
 * One cleaning of one log. Notes the last offset of each key in the dirty section; then copies what is to stay of all segments from the log's start to the section's
 * end, some segments at a time, and each copy takes the place of its originals for good before the next one is begun: an older record is gone before
 * the deletion that hides it may go.
 */
export class Cleaning {
  readonly #host: LogHost;
  readonly #log: PartitionLog;
  readonly #section: DirtySection;
  readonly #settings: CleanerSettings;
  readonly #walk: WalkOptions;
  /** Those in front of the section's end that were not cleaned yet. */
  readonly #segments: Segment[];

  constructor(host: LogHost, log: PartitionLog, section: DirtySection, settings: CleanerSettings, isWanted: () => boolean) {
    this.#host = host;
    this.#log = log;
    this.#section = section;
    this.#settings = settings;
    this.#segments = log.compaction.segments.filter(({ baseOffset }) => baseOffset < section.to);
    const { truncations } = log.compaction;
    const assertCurrent = () => {
      const isCurrent = log.compaction.truncations === truncations && (this.#segments.length === 0 || log.holdsSegments(this.#segments));
      if (!isWanted() || log.failure !== undefined || !isCurrent) throw new CleaningAborted(`the cleaning of ${log.name} was given up`);
    };
    this.#walk = { pace: new Pace(host.clock, settings.maxBytesPerSecond), ioBufferBytes: settings.ioBufferBytes, assertCurrent };
  }

  /** @throws CleaningAborted; KafkaError KAFKA_STORAGE_ERROR, a DamagedLogError where the log is found to be damaged */
  async run(): Promise<CleaningResult> {
    const log = this.#log;
    const { config } = log;
    const firstOffset = this.#segments[0]!.baseOffset;
    const { keys, mappedUpTo } = await this.#mapKeys();
    this.#walk.assertCurrent();
    const transactions = new TransactionsSeen(log.abortedTransactions(firstOffset, this.#section.to));
    const producers = new Map(log.activeProducers().map((state) => [state.producerId, state]));
    const rules: CleaningRules = {
      now: this.#host.clock.now(),
      deleteRetentionMs: config.deleteRetentionMs,
      keys,
      mappedUpTo,
      producer: (producerId) => producers.get(producerId),
      compressionLevel: config.compressionLevel,
    };
    let bytesBefore = 0;
    let bytesAfter = 0;
    while (this.#segments[0] && this.#segments[0].baseOffset < mappedUpTo) {
      const { originals, size } = await this.#cleanSome(transactions, rules);
      for (const original of originals) bytesBefore += original.size;
      bytesAfter += size;
      this.#walk.assertCurrent();
    }
    await log.compaction.cleaned(mappedUpTo);
    return { cleanedTo: mappedUpTo, bytesBefore, bytesAfter };
  }

  /** The keys of the dirty section, or of as much of it as there is memory for. */
  async #mapKeys(): Promise<{ keys: KeyOffsets; mappedUpTo: bigint }> {
    const { from, to } = this.#section;
    const { dedupeBufferBytes, loadFactor } = this.#settings;
    // There are not more keys than offsets.
    const slots = Math.min(Math.floor(dedupeBufferBytes / bytesPerKey), Math.ceil(Number(to - from) / loadFactor) + 2);
    const keys = new KeyOffsets({ base: from, slots, loadFactor });
    const transactions = new TransactionsSeen(this.#log.abortedTransactions(from, to));
    let firstWithoutRoom: bigint | undefined;
    for (const [index, segment] of this.#segments.entries()) {
      if (this.#endOf(index) <= from) continue;
      const { position } = segment.offsetIndex.lookup(segment.relative(from) - 1);
      await walkSegment(segment, position, this.#walk, (batch) => {
        if (batch.isControl) transactions.ended(batch);
        else if (!transactions.isAborted(batch)) firstWithoutRoom = this.#mapBatch(batch, keys);
        return firstWithoutRoom === undefined;
      });
      if (firstWithoutRoom !== undefined) break;
    }
    return { keys, mappedUpTo: firstWithoutRoom ?? to };
  }

  /** The offset of the first record for which there was no room, if there was one. */
  #mapBatch(batch: RecordBatch, keys: KeyOffsets): bigint | undefined {
    const { from } = this.#section;
    if (batch.lastOffset < from) return undefined;
    for (const { key, offset } of batch.records()) {
      if (key !== null && offset >= from && !keys.put(key, offset)) return offset;
    }
    return undefined;
  }

  /** Cleans as many segments as go into one, and puts that in their place. Answers with what they were, and how many bytes are left. */
  async #cleanSome(transactions: TransactionsSeen, rules: CleaningRules): Promise<{ originals: Segment[]; size: number }> {
    const log = this.#log;
    const copy = this.#onDisk(() => new SegmentCopy(this.#host, log.directory, log.config, this.#segments[0]!));
    let isChanged = false;
    let isInUse = false;
    let forgottenBefore = 0n;
    try {
      let count = 0;
      for (let goesOn = true; goesOn; count++) {
        const original = this.#segments[count]!;
        goesOn = original.size === 0 && this.#takesNext(copy.segment, undefined, count + 1, rules);
        await walkSegment(original, 0, this.#walk, (batch, end) => {
          let { bytes, aborted, forgets = false } = cleanBatch(batch, transactions, rules);
          if (forgets) forgottenBefore = batch.lastOffset + 1n;
          if (end === original.size) {
            goesOn = this.#takesNext(copy.segment, bytes, count + 1, rules);
            if (!goesOn) bytes ??= placeholderOf(batch);
          }
          if (aborted) copy.segment.abortedTransactions.push(aborted);
          isChanged ||= bytes !== batch.buffer;
          if (bytes) this.#onDisk(() => copy.add(bytes));
          this.#walk.pace.spent(bytes?.length ?? 0);
          return true;
        });
      }
      const originals = this.#segments.slice(0, count);
      const { size } = copy.segment;
      if (isChanged || count > 1) {
        await copy.finish(originals.at(-1)!.createdMs);
        this.#walk.assertCurrent();
        if (forgottenBefore > 0n) {
          // Before anybody could read what is left: from then on a replica that lacks them would never hear of them.
          await log.compaction.forgetDeletions(forgottenBefore);
          this.#walk.assertCurrent();
        }
        const replacing = log.compaction.replaceSegments(originals, copy.segment);
        isInUse = log.compaction.segments.includes(copy.segment);
        if (!(await replacing)) throw new CleaningAborted(`the cleaning of ${log.name} was given up`);
      }
      this.#segments.splice(0, count);
      return { originals, size };
    } finally {
      if (!isInUse) copy.discard();
    }
  }

  #takesNext(copy: Segment, bytes: Buffer | undefined, index: number, { mappedUpTo }: CleaningRules): boolean {
    const next = this.#segments[index];
    return (
      next !== undefined && next.baseOffset < mappedUpTo && fitsInto(copy, bytes?.length ?? 0, next, this.#endOf(index), this.#log.config)
    );
  }

  #endOf(index: number): bigint {
    return this.#segments[index + 1]?.baseOffset ?? this.#section.to;
  }

  #onDisk<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      throw error instanceof DiskError ? this.#host.diskFailed(error, this.#log.directory) : error;
    }
  }
}
