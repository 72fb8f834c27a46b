import type { LogFiles } from '../log-files.ts';
import type { LogHost } from '../log-host.ts';
import type { Segment } from '../segment.ts';
import { ForgottenDeletions } from './forgotten-deletions.ts';

export interface LogCompactionOptions {
  readonly host: Pick<LogHost, 'saveCleanedOffsets' | 'saveForgottenDeletions'>;
  readonly files: LogFiles;
  /** All below was cleaned; undefined when the log is not known to have been compacted. */
  readonly cleanedOffset: bigint | undefined;
  /** Below it deletions may be missing that compaction has let go; 0n when none are. */
  readonly forgottenDeletionsBefore: bigint;
  readonly logStartOffset: () => bigint;
  /** @throws KafkaError when nothing can be done with the log any more */
  readonly assertUsable: () => void;
  /** Segments were replaced by a copy that ends at `end`; undefined when that is the log's end. */
  readonly replaced: (end: bigint | undefined) => void;
}

/** What a log knows about its own compaction, and the cleaner's way to its segments. */
export class LogCompaction {
  readonly #options: LogCompactionOptions;
  readonly #forgottenDeletions: ForgottenDeletions;
  #hasGaps: boolean;
  #cleanedOffset: bigint | undefined;
  #replacements = 0;
  #truncations = 0;

  constructor(options: LogCompactionOptions) {
    this.#options = options;
    this.#cleanedOffset = options.cleanedOffset;
    this.#hasGaps = options.cleanedOffset !== undefined;
    this.#forgottenDeletions = new ForgottenDeletions(options.forgottenDeletionsBefore);
  }

  /** Whether offsets may be missing between batches, as compaction leaves them; once they may a later start has to know it too. */
  get hasGaps(): boolean {
    return this.#hasGaps;
  }

  /** All below was cleaned; undefined in a log that never was compacted. */
  get cleanedOffset(): bigint | undefined {
    return this.#cleanedOffset;
  }

  /** Which deletions compaction has let go, here or where this log was copied from. */
  get forgottenDeletions(): Pick<ForgottenDeletions, 'before' | 'lastFrom'> {
    return this.#forgottenDeletions;
  }

  /** How often segments were replaced: what was read from one goes together only with the aborted transactions of the same time. */
  get replacements(): number {
    return this.#replacements;
  }

  /** How often the log was truncated. */
  get truncations(): number {
    return this.#truncations;
  }

  /** Read by the cleaner; see also {@link replaceSegments}. */
  get segments(): readonly Segment[] {
    return this.#options.files.segments;
  }

  /**
   * Lets offsets be missing from now on. That is written down first: a later start may not know of the topic's configuration, and would take
   * what compaction has left for damage.
   */
  async admitGaps(): Promise<void> {
    this.#cleanedOffset ??= this.#options.logStartOffset();
    await this.#options.host.saveCleanedOffsets();
    this.#hasGaps = true;
  }

  /** The same where a topic is to be compacted from now on; should it fail, the next occasion comes with the next append or cleaning. */
  expect(): void {
    if (!this.#hasGaps) void this.admitGaps().catch(() => {});
  }

  /** Notes how far the log was cleaned. When the promise resolves a later start knows it. */
  cleaned(offset: bigint): Promise<void> {
    this.#options.assertUsable();
    this.#cleanedOffset = offset;
    return this.#options.host.saveCleanedOffsets();
  }

  /** Deletions below an offset go, or were missing in what is about to be appended. When the promise resolves a later start knows it. */
  forgetDeletions(before: bigint): Promise<void> {
    this.#options.assertUsable();
    this.#forgottenDeletions.add(before);
    return this.#options.host.saveForgottenDeletions();
  }

  /** Puts a cleaner's copy in the place of the segments it was made from; see {@link LogFiles.replace}. */
  async replaceSegments(originals: readonly Segment[], copy: Segment): Promise<boolean> {
    const { assertUsable, files, replaced } = this.#options;
    assertUsable();
    const end = files.segments[files.segments.indexOf(originals.at(-1)!) + 1]?.baseOffset;
    const replacing = files.replace(originals, copy);
    this.#replacements++;
    replaced(end);
    return replacing;
  }

  /** The log was truncated: what comes in the place of what was cleaned has to be cleaned. */
  truncatedTo(logEndOffset: bigint): void {
    this.#truncations++;
    if (this.#cleanedOffset !== undefined && this.#cleanedOffset > logEndOffset) this.#cleanedOffset = logEndOffset;
  }
}
