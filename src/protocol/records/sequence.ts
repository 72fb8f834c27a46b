const greatest = 0x7fffffff;

/** The sequence that lies `count` records after `sequence`: after 2^31-1 comes 0. */
export function addToSequence(sequence: number, count: number): number {
  return count > greatest - sequence ? count - (greatest - sequence) - 1 : sequence + count;
}
