/** Names so near to a mistyped one that they may have been meant, the nearest first, at most three. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return names
    .map((name) => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** There is no such topic, in a sentence that helps. */
export function noSuchTopic(wanted: string, names: readonly string[]): string {
  return noSuch('topic', wanted, names);
}

/** There is nothing of that name, in a sentence that helps. */
export function noSuch(what: 'topic' | 'group', wanted: string, names: readonly string[]): string {
  const near = nearNames(wanted, names);
  if (near.length > 0) return `There is no ${what} "${wanted}". Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`;
  if (names.length === 0) return `There is no ${what} "${wanted}"; there are none at all yet.`;
  const shown = names.slice(0, 10).join(', ');
  return `There is no ${what} "${wanted}". There are: ${shown}${names.length > 10 ? `, and ${names.length - 10} more` : ''}.`;
}

/** How many letters have to be changed, put in, left out or swapped with their neighbour. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
