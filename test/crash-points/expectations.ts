import assert from 'node:assert/strict';
import { RecordBatch } from '#protocol';

/** A batch as it stands in a log. */
export interface StoredBatch {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly bytes: Buffer;
}

/** What was written to a log since it began, or since a truncation: that makes another history, which shares the first part. */
export interface History {
  readonly startOffset: bigint;
  readonly batches: StoredBatch[];
  /** A truncation has made room for other records from here on. */
  truncatedTo: bigint | undefined;
}

/** One of the histories that may be found, and how much of it. */
export interface Alternative {
  readonly history: History;
  /** Batches that were written to it so far. */
  readonly count: number;
  /** The log ends here or later. */
  readonly leastEnd: bigint;
  readonly leastStart: bigint;
  readonly mostStart: bigint;
}

/** What has to hold for one partition when the power fails now. */
export interface PartitionExpectation {
  readonly topicId: string;
  /** False while it is being made or deleted. */
  readonly isThere: boolean;
  readonly alternatives: readonly Alternative[];
  /** While all of it is being thrown away for a new beginning, nothing at all may be found, ending anywhere. */
  readonly mayBeEmpty: boolean;
  readonly mostHighWatermark: bigint;
  /** A cleaning was begun: below the high watermark only what readers need to know the newest value of each key has to be there. */
  readonly isCleaned: boolean;
}

/** What has to hold after so many operations. */
export interface Moment {
  readonly position: number;
  readonly partitions: ReadonlyMap<string, PartitionExpectation>;
  /** Whether the mark of a clean shutdown may be, or has to be found. */
  readonly clean: 'no' | 'maybe' | 'yes';
}

/** The model that is kept beside a trace: told of all that the script does, it knows what has to hold at each of its points. */
export class Expectations {
  readonly moments: Moment[] = [];
  readonly #position: () => number;
  readonly #partitions = new Map<string, PartitionExpectation>();
  #clean: Moment['clean'] = 'no';

  /** @param position how many operations there were so far */
  constructor(position: () => number) {
    this.#position = position;
    this.#note();
  }

  creating(name: string, topicId: string): void {
    const history: History = { startOffset: 0n, batches: [], truncatedTo: undefined };
    const alternatives = [{ history, count: 0, leastEnd: 0n, leastStart: 0n, mostStart: 0n }];
    this.#set(name, { topicId, isThere: false, alternatives, mayBeEmpty: false, mostHighWatermark: 0n, isCleaned: false });
  }

  created(name: string): void {
    this.#set(name, { ...this.#get(name), isThere: true });
  }

  deleting(name: string): void {
    this.#set(name, { ...this.#get(name), isThere: false });
  }

  deleted(name: string): void {
    this.#partitions.delete(name);
    this.#note();
  }

  /** What the log has at its end, or is about to have. */
  appending(name: string, bytes: Buffer): void {
    const { history } = this.newest(name);
    for (let at = 0; at < bytes.length; ) {
      const batch = new RecordBatch(bytes, at);
      const { baseOffset, lastOffset, sizeInBytes } = batch;
      assert.equal(baseOffset, endOf(history, history.batches.length));
      history.batches.push({ baseOffset, lastOffset, bytes: Buffer.from(bytes.subarray(at, at + sizeInBytes)) });
      at += sizeInBytes;
    }
    this.#change(name, (one) => (one.history === history ? { ...one, count: history.batches.length } : one));
  }

  /** A flush that was asked for when `history` was the newest one has come back. */
  flushed(name: string, history: History, offset: bigint): void {
    const partition = this.#partitions.get(name);
    if (!partition?.alternatives.some((one) => one.history === history)) return;
    const isNewest = this.newest(name).history === history;
    const kept = isNewest ? [this.newest(name)] : partition.alternatives;
    const least = isNewest ? offset : lesser(offset, history.truncatedTo ?? offset);
    this.#set(name, {
      ...partition,
      mayBeEmpty: partition.mayBeEmpty && !isNewest,
      alternatives: kept.map((one) => ({ ...one, leastEnd: greater(one.leastEnd, least) })),
    });
  }

  /**
   * From here on the old records may be gone, and none of the old and the new ones are found together.
   * @returns where the log ends then: batches go whole
   */
  truncating(name: string, to: bigint): bigint {
    const { history, ...newest } = this.newest(name);
    const offset = history.batches.find(({ lastOffset }) => lastOffset >= to)?.baseOffset ?? endOf(history, history.batches.length);
    for (const one of this.#get(name).alternatives) one.history.truncatedTo = lesser(offset, one.history.truncatedTo ?? offset);
    const batches = history.batches.filter(({ lastOffset }) => lastOffset < offset);
    const next: History = { startOffset: history.startOffset, batches, truncatedTo: undefined };
    this.#change(name, (one) => ({ ...one, leastEnd: lesser(one.leastEnd, offset) }));
    const partition = this.#get(name);
    const alternative = { ...newest, history: next, count: batches.length, leastEnd: lesser(newest.leastEnd, offset) };
    this.#set(name, {
      ...partition,
      alternatives: [...partition.alternatives, alternative],
    });
    return offset;
  }

  /** All goes, and the log begins anew at an offset. */
  startingAt(name: string, offset: bigint): void {
    const next: History = { startOffset: offset, batches: [], truncatedTo: undefined };
    for (const one of this.#get(name).alternatives) one.history.truncatedTo = 0n;
    this.#change(name, (one) => ({ ...one, leastEnd: 0n, mostStart: greater(one.mostStart, offset) }));
    const partition = this.#get(name);
    const alternative = { history: next, count: 0, leastEnd: offset, leastStart: offset, mostStart: offset };
    this.#set(name, {
      ...partition,
      mayBeEmpty: true,
      mostHighWatermark: greater(partition.mostHighWatermark, offset),
      alternatives: [...partition.alternatives, alternative],
    });
  }

  /** A truncation to `offset` that led to `history` survives any crash. */
  truncated(name: string, history: History, offset: bigint): void {
    const partition = this.#get(name);
    const index = partition.alternatives.findIndex((one) => one.history === history);
    // A flush of what came behind it may have said so already.
    if (index <= 0) return;
    const alternatives = partition.alternatives.slice(index);
    if (alternatives.length > 1) this.#set(name, { ...partition, alternatives });
    else {
      const mostHighWatermark = lesser(partition.mostHighWatermark, offset);
      this.#set(name, { ...partition, alternatives, mayBeEmpty: false, mostHighWatermark });
    }
  }

  raisingStart(name: string, offset: bigint): void {
    this.#change(name, (one) => ({ ...one, mostStart: greater(one.mostStart, offset) }));
  }

  raisedStart(name: string, offset: bigint): void {
    if (!this.#partitions.has(name)) return;
    this.#change(name, (one) => ({ ...one, leastStart: greater(one.leastStart, offset) }));
  }

  highWatermark(name: string, offset: bigint): void {
    const partition = this.#get(name);
    this.#set(name, { ...partition, mostHighWatermark: greater(partition.mostHighWatermark, offset) });
  }

  cleaning(name: string): void {
    this.#set(name, { ...this.#get(name), isCleaned: true });
  }

  clean(clean: Moment['clean']): void {
    this.#clean = clean;
    this.#note();
  }

  /** A start has found the log like this, and has made it durable. */
  found(name: string, alternative: Alternative, logStartOffset: bigint, logEndOffset: bigint): void {
    const { history } = alternative;
    const batches = history.batches.filter(({ lastOffset }) => lastOffset < logEndOffset);
    const next: History = batches.length === history.batches.length ? history : { ...history, batches, truncatedTo: undefined };
    next.truncatedTo = undefined;
    const partition = this.#get(name);
    this.#set(name, {
      ...partition,
      isThere: true,
      mayBeEmpty: false,
      alternatives: [
        { history: next, count: batches.length, leastEnd: logEndOffset, leastStart: logStartOffset, mostStart: logStartOffset },
      ],
    });
  }

  newest(name: string): Alternative {
    return this.#get(name).alternatives.at(-1)!;
  }

  expectation(name: string): PartitionExpectation | undefined {
    return this.#partitions.get(name);
  }

  get current(): Moment {
    return this.moments.at(-1)!;
  }

  #get(name: string): PartitionExpectation {
    const partition = this.#partitions.get(name);
    assert(partition, `${name} is not known`);
    return partition;
  }

  #change(name: string, change: (alternative: Alternative) => Alternative): void {
    const partition = this.#get(name);
    this.#set(name, { ...partition, alternatives: partition.alternatives.map(change) });
  }

  #set(name: string, partition: PartitionExpectation): void {
    this.#partitions.set(name, partition);
    this.#note();
  }

  #note(): void {
    this.moments.push({ position: this.#position(), partitions: new Map(this.#partitions), clean: this.#clean });
  }
}

/** One after the last record of the first `count` batches. */
export function endOf({ startOffset, batches }: History, count: number): bigint {
  const last = batches[count - 1];
  return last ? last.lastOffset + 1n : startOffset;
}

/** Which of the alternatives a log can be that has these batches, or why it is none. The newest comes first: a short log may be the beginning of several. */
export function matchesOf(
  expectation: PartitionExpectation,
  log: { logStartOffset: bigint; logEndOffset: bigint; batches: readonly RecordBatch[] },
): Alternative[] | string {
  const newestFirst = expectation.alternatives.toReversed();
  const reasons = newestFirst.map((alternative) => mismatch(alternative, log, expectation));
  const matches = newestFirst.filter((_, index) => reasons[index] === undefined);
  if (matches.length > 0) return matches;
  return expectation.mayBeEmpty && log.batches.length === 0 ? newestFirst : reasons.join('; ');
}

function mismatch(
  { history, count, leastEnd, leastStart, mostStart }: Alternative,
  { logStartOffset, logEndOffset, batches }: { logStartOffset: bigint; logEndOffset: bigint; batches: readonly RecordBatch[] },
  { isCleaned, mostHighWatermark }: PartitionExpectation,
): string | undefined {
  if (logEndOffset < leastEnd) return `the log ends at ${logEndOffset}, and was flushed up to ${leastEnd}`;
  if (logEndOffset > endOf(history, count)) return `the log ends at ${logEndOffset}, and was written up to ${endOf(history, count)}`;
  if (logStartOffset < leastStart || logStartOffset > mostStart) {
    return `the log begins at ${logStartOffset}, not between ${leastStart} and ${mostStart}`;
  }
  const expected = history.batches.slice(0, count).filter((one) => one.lastOffset >= logStartOffset && one.lastOffset < logEndOffset);
  if (isCleaned) return uncleanMismatch(expected, batches, mostHighWatermark);
  for (const [index, batch] of batches.entries()) {
    if (!expected[index]?.bytes.equals(batch.buffer)) return `the batch at ${batch.baseOffset} is not what was written there`;
  }
  return batches.length < expected.length ? `of ${expected.length} batches ${batches.length} are there` : undefined;
}

/** What cleaning may have made of some batches: parts of them, as they were, with the same newest value of each key. */
function uncleanMismatch(expected: readonly StoredBatch[], batches: readonly RecordBatch[], highWatermark: bigint): string | undefined {
  const originals = expected.map(({ bytes }) => new RecordBatch(bytes));
  const records = (some: readonly RecordBatch[]) => some.flatMap((batch) => [...batch.records()]);
  const told = new Map(records(originals).map((record) => [record.offset, `${record.key}=${record.value} at ${record.timestamp}`]));
  const found = records(batches);
  for (const { offset, key, value, timestamp } of found) {
    if (told.get(offset) !== `${key}=${value} at ${timestamp}`) return `the record at ${offset} is not what was written there`;
  }
  const offsets = new Set(found.map(({ offset }) => offset));
  const lost = [...told.keys()].find((offset) => offset >= highWatermark && !offsets.has(offset));
  if (lost !== undefined) return `the record at ${lost}, above the high watermark, is gone`;
  const [due, is] = [tableOf(records(originals)), tableOf(found)];
  for (const [key, value] of due) if (is.get(key) !== value) return `key ${key} has the value ${is.get(key)}, and was set to ${value}`;
  for (const key of is.keys()) if (!due.has(key)) return `key ${key} is there, and was deleted`;
  const ranges = new Set(
    originals.map(({ baseOffset, lastOffset, partitionLeaderEpoch }) => `${baseOffset}-${lastOffset} of ${partitionLeaderEpoch}`),
  );
  const odd = batches.find(
    ({ baseOffset, lastOffset, partitionLeaderEpoch }) => !ranges.has(`${baseOffset}-${lastOffset} of ${partitionLeaderEpoch}`),
  );
  return odd && `the ${odd} was never written`;
}

function tableOf(records: readonly { key: Buffer | null; value: Buffer | null }[]): Map<string, string> {
  const table = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) table.delete(String(key));
    else table.set(String(key), String(value));
  }
  return table;
}

function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
