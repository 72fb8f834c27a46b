import { createHash } from 'node:crypto';
import type { Random } from '../random.ts';
import { uuidFrom } from '../uuid.ts';

/** Draws that repeat under the same seed: xoshiro128++ (Blackman and Vigna), its state hashed from the seed and the names of the forks. */
export class SeededRandom implements Random {
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number | string) {
    this.#name = String(seed);
    const hash = createHash('sha256').update(this.#name).digest();
    this.#a = hash.readInt32LE(0);
    this.#b = hash.readInt32LE(4);
    this.#c = hash.readInt32LE(8);
    this.#d = hash.readInt32LE(12) | 1; // the state must not be all zeros
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  fraction(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (; at + 4 <= length; at += 4) bytes.writeInt32LE(this.#next(), at);
    if (at < length) {
      for (let word = this.#next(); at < length; word >>>= 8) bytes[at++] = word & 0xff;
    }
    return bytes;
  }

  uuid(): string {
    return uuidFrom((length) => this.bytes(length));
  }

  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#name}/${name}`);
  }

  /** A number from 0 up, on average `mean`, exponentially distributed: the gaps between independent events. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }

  /** True in `probability` of all draws. Certain cases draw nothing. */
  chance(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.fraction() < probability);
  }

  /** 32 bits, signed. */
  #next(): number {
    const sum = (this.#a + this.#d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + this.#a) | 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }
}
