import type { RecordBatch } from '#protocol';

const smallestBlockBytes = 4 * 1024;
const largestBlockBytes = 1024 * 1024;

/** A run of whole batches in one piece of memory of its own. What was handed out of a block is never written to again. */
interface Block {
  buffer: Buffer<ArrayBuffer>;
  used: number;
  firstOffset: bigint;
  /** One after the last record. */
  nextOffset: bigint;
  /** Of each batch: its last offset, relative to firstOffset, and where it begins. */
  lastOffsets: number[];
  positions: number[];
  /** A reader was given a view of it and may hold it still. */
  isLent: boolean;
}

/**
 * The most recent bytes of all partitions of a directory, under one budget. Whoever was used least recently gives its oldest block
 * back first.
 */
export class TailCache {
  readonly #budgetBytes: number;
  #usedBytes = 0;
  /** In order of last use. */
  readonly #tails = new Set<PartitionTail>();

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  tail(): PartitionTail {
    return new PartitionTail({
      // A few blocks fit, whatever the budget.
      largestBlockBytes: Math.min(largestBlockBytes, Math.floor(this.#budgetBytes / 4)),
      used: (tail) => {
        this.#tails.delete(tail);
        this.#tails.add(tail);
      },
      grown: (tail, bytes) => this.#grown(tail, bytes),
    });
  }

  #grown(growing: PartitionTail, bytes: number): void {
    this.#usedBytes += bytes;
    if (bytes < 0) return;
    for (const tail of this.#tails) {
      while (this.#usedBytes > this.#budgetBytes && tail.dropOldest(tail === growing ? 1 : 0));
      if (tail.firstOffset === undefined) this.#tails.delete(tail);
      if (this.#usedBytes <= this.#budgetBytes) return;
    }
  }
}

interface Budget {
  readonly largestBlockBytes: number;
  used(tail: PartitionTail): void;
  grown(tail: PartitionTail, bytes: number): void;
}

/** One partition's part of the cache: blocks in offset order without gaps, the last one open for more. */
export class PartitionTail {
  readonly #budget: Budget;
  #blocks: Block[] = [];
  #nextBlockBytes = smallestBlockBytes;
  #sealed = true;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The first offset it holds, or undefined when it is empty. */
  get firstOffset(): bigint | undefined {
    return this.#blocks[0]?.firstOffset;
  }

  /**
   * Copies bytes behind the ones that are there and gives the copy, which nobody else sees before {@link commit}; it may still be
   * changed, or left by {@link discard}.
   */
  stage(bytes: Buffer): Buffer {
    let block = this.#sealed ? undefined : this.#blocks.at(-1);
    if (!block || block.used + bytes.length > block.buffer.length) block = this.#addBlock(bytes.length);
    this.#budget.used(this);
    const copy = block.buffer.subarray(block.used, block.used + bytes.length);
    bytes.copy(copy);
    return copy;
  }

  /** Makes the staged batches, which begin at `baseOffset`, readable. */
  commit(batches: readonly RecordBatch[]): void {
    const block = this.#blocks.at(-1)!;
    if (block.used === 0) block.firstOffset = batches[0]!.baseOffset;
    for (const batch of batches) {
      block.lastOffsets.push(Number(batch.lastOffset - block.firstOffset));
      block.positions.push(block.used);
      block.used += batch.sizeInBytes;
      block.nextOffset = batch.lastOffset + 1n;
    }
  }

  /** Forgets what was staged. */
  discard(): void {
    if (this.#blocks.at(-1)?.used === 0) this.#drop(this.#blocks.pop()!);
    this.#sealed = this.#blocks.length === 0;
  }

  /**
   * Whole batches from the one that holds `fetchOffset` on, as a view of one block; undefined when they are not here. Batches that hold
   * `upTo` or more are left out, and those beyond `maxBytes` too, but for the first if `atLeastOne`.
   */
  read(fetchOffset: bigint, maxBytes: number, upTo: bigint, atLeastOne: boolean): Buffer | undefined {
    const block = this.#blockOf(fetchOffset);
    if (!block) return undefined;
    block.isLent = true;
    this.#budget.used(this);
    const first = firstNotBelow(block.lastOffsets, Number(fetchOffset - block.firstOffset));
    const start = block.positions[first]!;
    const end = upTo >= block.nextOffset ? block.positions.length : firstNotBelow(block.lastOffsets, Number(upTo - block.firstOffset));
    let stop = end < block.positions.length ? block.positions[end]! : block.used;
    if (stop - start > maxBytes) {
      const beyond = firstNotBelow(block.positions, start + maxBytes + 1) - 1;
      stop = beyond > first ? block.positions[beyond]! : atLeastOne && end > first ? (block.positions[first + 1] ?? block.used) : start;
    }
    return block.buffer.subarray(start, Math.max(start, stop));
  }

  /** Forgets everything from `offset` on. What is left is not written behind any more, as others may hold views of what was there. */
  truncateTo(offset: bigint): void {
    while (this.#blocks.length > 0 && this.#blocks.at(-1)!.firstOffset >= offset) this.#drop(this.#blocks.pop()!);
    const block = this.#blocks.at(-1);
    this.#sealed = true;
    if (!block || block.nextOffset <= offset) return;
    const kept = firstNotBelow(block.lastOffsets, Number(offset - block.firstOffset));
    block.used = block.positions[kept]!;
    block.lastOffsets.length = kept;
    block.positions.length = kept;
    if (kept === 0) this.#drop(this.#blocks.pop()!);
    else block.nextOffset = block.firstOffset + BigInt(block.lastOffsets[kept - 1]! + 1);
  }

  /** Forgets everything before `offset`, with which a batch begins: the log has other batches there now. */
  forgetBefore(offset: bigint): void {
    while (this.#blocks.length > 0 && this.#blocks[0]!.used > 0 && this.#blocks[0]!.nextOffset <= offset) this.dropOldest(0);
    const block = this.#blocks[0];
    if (!block || block.used === 0 || block.firstOffset >= offset) return;
    const shift = Number(offset - block.firstOffset);
    const gone = firstNotBelow(block.lastOffsets, shift);
    block.lastOffsets = block.lastOffsets.slice(gone).map((lastOffset) => lastOffset - shift);
    block.positions = block.positions.slice(gone);
    block.firstOffset = offset;
  }

  clear(): void {
    while (this.dropOldest(0));
  }

  /** Gives the oldest block back unless only `keep` are left; whether there was one. */
  dropOldest(keep: number): boolean {
    if (this.#blocks.length <= keep) return false;
    this.#drop(this.#blocks.shift()!);
    if (this.#blocks.length === 0) {
      this.#sealed = true;
      this.#nextBlockBytes = smallestBlockBytes;
    }
    return true;
  }

  #addBlock(atLeastBytes: number): Block {
    const size = Math.max(Math.min(this.#nextBlockBytes, this.#budget.largestBlockBytes), atLeastBytes);
    this.#nextBlockBytes = Math.min(this.#nextBlockBytes * 2, largestBlockBytes);
    const buffer = Buffer.allocUnsafeSlow(size);
    const block: Block = { buffer, used: 0, firstOffset: 0n, nextOffset: 0n, lastOffsets: [], positions: [], isLent: false };
    this.#blocks.push(block);
    this.#sealed = false;
    this.#budget.grown(this, size);
    return block;
  }

  #drop(block: Block): void {
    this.#budget.grown(this, -block.buffer.length);
    // Memory that nobody else can see is free at once: left to the garbage collector, a megabyte of it per megabyte produced makes that
    // one run all the time. A view that should be held against the rules becomes empty; it never shows other bytes.
    if (!block.isLent) block.buffer.buffer.transfer(0);
  }

  #blockOf(offset: bigint): Block | undefined {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i]!;
      if (block.used > 0 && offset >= block.firstOffset) return offset < block.nextOffset ? block : this.#blocks[i + 1];
    }
    return undefined;
  }
}

/** The index of the first element that is not below `value` in a rising array; its length when there is none. */
function firstNotBelow(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
