const smallestBucketCount = 8;
const entriesPerBucket = 16;

function hashOf(key: string | number): number {
  if (typeof key === 'number') return Math.imul(key, 0x9e3779b1) >>> 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function compare<K extends string | number>(a: K, b: K): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * A map whose every version stays as it is: a change gives another map, which shares with the old one all but the bucket that
 * holds the key. A change costs about the square root of the size while the map grows, not the size, so that a log of many
 * small changes can be read with an image after each.
 */
export class PersistentMap<K extends string | number, V> {
  readonly size: number;
  readonly #buckets: readonly ReadonlyMap<K, V>[];
  #sortedKeys: readonly K[] | undefined;
  #sortedValues: readonly V[] | undefined;

  private constructor(buckets: readonly ReadonlyMap<K, V>[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static empty<K extends string | number, V>(): PersistentMap<K, V> {
    return new PersistentMap<K, V>(
      Array.from({ length: smallestBucketCount }, () => new Map<K, V>()),
      0,
    );
  }

  static of<K extends string | number, V>(entries: Iterable<readonly [K, V]>): PersistentMap<K, V> {
    let map = PersistentMap.empty<K, V>();
    for (const [key, value] of entries) map = map.set(key, value);
    return map;
  }

  get(key: K): V | undefined {
    return this.#buckets[this.#bucketOf(key)]!.get(key);
  }

  has(key: K): boolean {
    return this.#buckets[this.#bucketOf(key)]!.has(key);
  }

  /** This map with the value under the key; this map itself when it is there already. */
  set(key: K, value: V): PersistentMap<K, V> {
    const index = this.#bucketOf(key);
    const old = this.#buckets[index]!;
    const known = old.has(key);
    if (known && old.get(key) === value) return this;
    const buckets = [...this.#buckets];
    buckets[index] = new Map(old).set(key, value);
    const size = known ? this.size : this.size + 1;
    return size > buckets.length * entriesPerBucket ? PersistentMap.#spread(buckets, size) : new PersistentMap(buckets, size);
  }

  /** This map without the key. */
  delete(key: K): PersistentMap<K, V> {
    const index = this.#bucketOf(key);
    const old = this.#buckets[index]!;
    if (!old.has(key)) return this;
    const bucket = new Map(old);
    bucket.delete(key);
    const buckets = [...this.#buckets];
    buckets[index] = bucket;
    return new PersistentMap(buckets, this.size - 1);
  }

  /** In rising order: numbers by size, strings by code unit. The order of changes leaves no trace. */
  keys(): readonly K[] {
    this.#sortedKeys ??= this.#buckets.flatMap((bucket) => [...bucket.keys()]).sort(compare);
    return this.#sortedKeys;
  }

  /** In the order of their keys. */
  values(): readonly V[] {
    this.#sortedValues ??= this.keys().map((key) => this.get(key)!);
    return this.#sortedValues;
  }

  #bucketOf(key: K): number {
    return hashOf(key) & (this.#buckets.length - 1);
  }

  /** Deals the entries out to four times as many buckets. */
  static #spread<K extends string | number, V>(buckets: readonly ReadonlyMap<K, V>[], size: number): PersistentMap<K, V> {
    const more = Array.from({ length: buckets.length * 4 }, () => new Map<K, V>());
    for (const bucket of buckets) {
      for (const [key, value] of bucket) more[hashOf(key) & (more.length - 1)]!.set(key, value);
    }
    return new PersistentMap(more, size);
  }
}
