/** Shorter runs are copied byte by byte: a call costs more than it saves. */
const longRun = 48;

/** Copies `length` bytes of `source` from `from` on to `target` at `at`. The caller has checked all bounds. */
export function copyBytes(source: Uint8Array, from: number, target: Uint8Array, at: number, length: number): void {
  if (length < longRun) {
    for (let index = 0; index < length; index++) target[at + index] = source[from + index]!;
  } else {
    target.set(source.subarray(from, from + length), at);
  }
}

/**
 * Appends at `at` the `length` bytes that begin `distance` before it. Where they overlap what is being written, the last
 * `distance` bytes repeat: so LZ4 and snappy say runs. The caller has checked all bounds.
 */
export function copyWithinOutput(output: Uint8Array, at: number, distance: number, length: number): void {
  if (length < longRun) {
    const from = at - distance;
    for (let index = 0; index < length; index++) output[at + index] = output[from + index]!;
    return;
  }
  const from = at - distance;
  let copied = 0;
  // Each round finds at least twice as much of the pattern written as the one before.
  while (copied < length) {
    const piece = Math.min(length - copied, distance + copied);
    output.copyWithin(at + copied, from, from + piece);
    copied += piece;
  }
}
