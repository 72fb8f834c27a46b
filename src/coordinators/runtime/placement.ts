/** Java's String.hashCode: over UTF-16 code units, modulo 2^32. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/**
 * The partition whose leader coordinates a group or a transactional id: Kafka's `Utils.abs(key.hashCode()) % partitions`, where the smallest int, which has no
 * absolute value, counts as 0.
 */
export function partitionForKey(key: string, partitions: number): number {
  const hash = javaHashCode(key);
  return hash === -0x8000_0000 ? 0 : Math.abs(hash) % partitions;
}
