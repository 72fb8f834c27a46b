import { hash } from 'node:crypto';

/** Four words that stand for a key, and two for its offset. */
const wordsPerSlot = 6;
const keyWords = 4;
export const bytesPerKey = wordsPerSlot * 4;
/** Keys up to so many bytes are kept as they are; of longer ones a part of their SHA-256, in as many bytes. */
const longestPlainKey = 15;
const hashedMark = 0xff;

/**
 * For each key of a part of a log the last offset that has it, in a bounded piece of memory: an open hash table of 24 bytes a key. Two long keys
 * count as the same when 120 bits of their SHA-256 are.
 */
export class KeyOffsets {
  readonly #base: bigint;
  readonly #slots: number;
  readonly #most: number;
  readonly #table: Uint32Array;
  /** What stands for the key that was asked for last. */
  readonly #words = new Uint32Array(keyWords);
  #size = 0;

  /**
   * @param base the least offset that will come
   * @param slots how many keys there is memory for, of which `loadFactor` may be used: the fuller, the slower
   */
  constructor({ base, slots, loadFactor = 0.75 }: { base: bigint; slots: number; loadFactor?: number }) {
    this.#base = base;
    this.#slots = Math.max(2, slots);
    // One slot stays empty, where a search ends.
    this.#most = Math.min(this.#slots - 1, Math.max(1, Math.floor(this.#slots * loadFactor)));
    this.#table = new Uint32Array(this.#slots * wordsPerSlot);
  }

  get size(): number {
    return this.#size;
  }

  /** Notes an offset of a key, above all before; false, and nothing is noted, when there is no room for another key. */
  put(key: Uint8Array, offset: bigint): boolean {
    const at = this.#find(key);
    const table = this.#table;
    if (isEmpty(table, at)) {
      if (this.#size >= this.#most) return false;
      this.#size++;
      table.set(this.#words, at);
    }
    // One is added, so that no slot in use looks empty.
    const stored = Number(offset - this.#base) + 1;
    table[at + keyWords] = Math.floor(stored / 2 ** 32);
    table[at + keyWords + 1] = stored >>> 0;
    return true;
  }

  /** The last offset of a key; undefined when it never came. */
  offsetOf(key: Uint8Array): bigint | undefined {
    const at = this.#find(key);
    const table = this.#table;
    if (isEmpty(table, at)) return undefined;
    return this.#base + BigInt(table[at + keyWords]! * 2 ** 32 + table[at + keyWords + 1]! - 1);
  }

  /** Where a key's slot begins, or the empty one that it would get. */
  #find(key: Uint8Array): number {
    fingerprint(key, this.#words);
    const [a, b, c, d] = this.#words as unknown as [number, number, number, number];
    const table = this.#table;
    for (let slot = mix(a, b, c, d) % this.#slots; ; slot = slot + 1 === this.#slots ? 0 : slot + 1) {
      const at = slot * wordsPerSlot;
      if (isEmpty(table, at)) return at;
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return at;
    }
  }
}

function isEmpty(table: Uint32Array, at: number): boolean {
  return table[at + keyWords] === 0 && table[at + keyWords + 1] === 0;
}

function fingerprint(key: Uint8Array, words: Uint32Array): void {
  words.fill(0);
  if (key.length <= longestPlainKey) {
    for (let i = 0; i < key.length; i++) words[i >> 2]! |= key[i]! << ((i & 3) * 8);
    words[3]! |= key.length << 24;
    return;
  }
  const digest = hash('sha256', key, 'binary');
  for (let i = 0; i < longestPlainKey; i++) words[i >> 2]! |= digest.charCodeAt(i) << ((i & 3) * 8);
  words[3]! |= hashedMark << 24;
}

/** Keys may differ in any few bits, and slots are chosen by all of them (the finish of MurmurHash3). */
function mix(a: number, b: number, c: number, d: number): number {
  let mixed = a;
  for (const word of [b, c, d, 0]) {
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed = (mixed ^ (mixed >>> 16)) + word;
  }
  return mixed >>> 0;
}
