import type { Disk } from '#platform';
import { type PartitionOffset, readOffsetCheckpoint, writeOffsetCheckpoint } from './checkpoint-files.ts';

/** One of a data directory's files that hold an offset for each partition, and what it says now. */
export class OffsetCheckpoint {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #found: readonly PartitionOffset[];
  readonly #kept = new Map<string, PartitionOffset>();
  #written: Set<string>;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#found = readOffsetCheckpoint(disk, path) ?? [];
    this.#written = new Set(this.#found.map(lineOf));
  }

  /** What it said when it was read. */
  find(topic: string, partition: number): bigint | undefined {
    return this.#found.find(isOf(topic, partition))?.offset;
  }

  /**
   * Leaves a partition's entry as it was found, for as long as its files are left as they are: without its recovery point a damaged log
   * would pass for a torn one at the next start, and be cut.
   */
  keep(topic: string, partition: number): void {
    const entry = this.#found.find(isOf(topic, partition));
    if (entry) this.#kept.set(keyOf(entry), entry);
  }

  /** Undoes {@link keep}. */
  release(topic: string, partition: number): void {
    this.#kept.delete(keyOf({ topic, partition }));
  }

  /** Whether the file on disk has an entry of that name. */
  has(topic: string, partition: number): boolean {
    const start = `${keyOf({ topic, partition })} `;
    return [...this.#written].some((line) => line.startsWith(start));
  }

  /** Writes it durably, unless it says the same already. */
  async write(current: readonly PartitionOffset[]): Promise<void> {
    const entries = [...current, ...this.#kept.values()];
    const lines = new Set(entries.map(lineOf));
    if (lines.size === this.#written.size && [...lines].every((line) => this.#written.has(line))) return;
    await writeOffsetCheckpoint(this.#disk, this.#path, entries);
    this.#written = lines;
  }
}

function isOf(topic: string, partition: number): (entry: PartitionOffset) => boolean {
  return (entry) => entry.topic === topic && entry.partition === partition;
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic} ${partition}`;
}

function lineOf(entry: PartitionOffset): string {
  return `${keyOf(entry)} ${entry.offset}`;
}
