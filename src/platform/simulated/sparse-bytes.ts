const blockSize = 64 * 1024;
/** Blocks begin small, so that thousands of short files cost little. */
const smallestBlock = 512;

/** A stretch of bytes at a place. */
export interface Piece {
  position: number;
  bytes: Buffer;
}

/** The content of a file in memory: blocks that are made when they are first written to. What was never written reads as zeros. */
export class SparseBytes {
  /** A block may be shorter than {@link blockSize}: zeros follow. */
  readonly #blocks: (Buffer | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  write(bytes: Uint8Array, position: number): void {
    let done = 0;
    while (done < bytes.length) {
      const at = position + done;
      const offset = at % blockSize;
      const count = Math.min(bytes.length - done, blockSize - offset);
      this.#block(Math.floor(at / blockSize), offset + count).set(bytes.subarray(done, done + count), offset);
      done += count;
    }
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  /** A copy of at most `length` bytes; fewer at the end. */
  read(position: number, length: number): Buffer {
    const end = Math.min(position + length, this.#size);
    const bytes = Buffer.alloc(Math.max(0, end - position));
    for (const piece of this.#written(position, end)) bytes.set(piece.bytes, piece.position - position);
    return bytes;
  }

  /** Copies of what was ever written between two positions. */
  extract(position: number, end: number): Piece[] {
    return [...this.#written(position, Math.min(end, this.#size))].map((piece) => ({
      position: piece.position,
      bytes: Buffer.from(piece.bytes),
    }));
  }

  /** Cuts off, or adds zeros. */
  resize(size: number): void {
    if (size < this.#size) {
      const blocks = Math.ceil(size / blockSize);
      this.#blocks.length = Math.min(this.#blocks.length, blocks);
      const last = this.#blocks[blocks - 1];
      last?.fill(0, Math.min(last.length, size - (blocks - 1) * blockSize));
    }
    this.#size = size;
  }

  /** Writes zeros over what there is between two positions. */
  clear(position: number, end: number): void {
    for (const piece of this.#written(position, Math.min(end, this.#size))) piece.bytes.fill(0);
  }

  flipBit(position: number, bit: number): void {
    const block = this.#block(Math.floor(position / blockSize), (position % blockSize) + 1);
    block[position % blockSize]! ^= 1 << bit;
  }

  /** Views of the blocks between two positions. */
  *#written(position: number, end: number): Generator<Piece> {
    for (let at = position; at < end; ) {
      const offset = at % blockSize;
      const count = Math.min(end - at, blockSize - offset);
      const bytes = this.#blocks[Math.floor(at / blockSize)]?.subarray(offset, offset + count);
      if (bytes && bytes.length > 0) yield { position: at, bytes };
      at += count;
    }
  }

  /** The block, with room for at least `needed` bytes. */
  #block(index: number, needed: number): Buffer {
    const block = this.#blocks[index];
    if (block && block.length >= needed) return block;
    let length = block?.length ?? smallestBlock;
    while (length < needed) length *= 2;
    const larger = Buffer.alloc(length);
    if (block) larger.set(block);
    while (this.#blocks.length < index) this.#blocks.push(undefined);
    this.#blocks[index] = larger;
    return larger;
  }
}
