/** A number of things in words, as in `1 topic` and `2 topics`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
