/** Prints a line of a member of a group; the README of test/clients tells them. */
export function tell(what: 'assigned' | 'revoked' | 'record' | 'committed', ...words: readonly unknown[]): void {
  console.log(what, Date.now(), ...words.map(String));
}

/** Partitions as a list, or a sign that there are none. */
export function numbers(partitions: Iterable<number>): string {
  return [...partitions].sort((a, b) => a - b).join() || '-';
}
