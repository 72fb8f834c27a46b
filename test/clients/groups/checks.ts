import type { GroupEvent } from './history.ts';

/** G9: values that no member was given. */
export function missing(events: readonly GroupEvent[], values: Iterable<string>): string[] {
  const seen = new Set(events.map((event) => (event.type === 'record' ? event.value : undefined)));
  return [...values].filter((value) => !seen.has(value));
}

/** G1: partitions that two members had in one generation, or, where clients do not tell it, at one time. */
export function ownedTwice(events: readonly GroupEvent[]): string[] {
  const problems: string[] = [];
  const ofGeneration = new Map<string, string>();
  const now = new Map<number, string>();
  for (const event of inOrder(events)) {
    if (event.type === 'ended' || event.type === 'revoked' || event.type === 'assigned')
      for (const [partition, owner] of now)
        if (owner === event.member && (event.type !== 'revoked' || event.partitions.includes(partition))) now.delete(partition);
    if (event.type !== 'assigned') continue;
    for (const partition of event.partitions) {
      const key = `partition ${partition} in generation ${event.generation}`;
      const other = event.generation === undefined ? now.get(partition) : ofGeneration.get(key);
      if (other !== undefined && other !== event.member) problems.push(`${other} and ${event.member} have ${key}, at ${event.at}`);
      if (event.generation === undefined) now.set(partition, event.member);
      else ofGeneration.set(key, event.member);
    }
  }
  return problems;
}

/** G9: commits of what nobody had been given by then. */
export function lostBelowCommits(events: readonly GroupEvent[]): string[] {
  const problems: string[] = [];
  const seen = new Map<number, Set<number>>();
  for (const event of inOrder(events)) {
    if (event.type === 'record') seen.set(event.partition, (seen.get(event.partition) ?? new Set()).add(event.offset));
    if (event.type !== 'committed') continue;
    for (let offset = 0; offset < event.offset; offset++)
      if (!seen.get(event.partition)?.has(offset))
        problems.push(`${event.member}: ${event.offset} of partition ${event.partition} is committed, nobody has read ${offset}`);
  }
  return problems;
}

/** G3: members that were given a partition and began below what had been committed before that. */
export function begunTooLow(events: readonly GroupEvent[]): string[] {
  const problems: string[] = [];
  const committed = new Map<number, number>();
  const owned = new Map<string, ReadonlySet<number>>();
  /** By member and partition, until its first record: what it may not begin below. */
  const due = new Map<string, number>();
  for (const event of inOrder(events)) {
    const { member, type } = event;
    const had = owned.get(member) ?? new Set();
    if (type === 'committed') committed.set(event.partition, Math.max(committed.get(event.partition) ?? 0, event.offset));
    if (type === 'revoked') owned.set(member, new Set([...had].filter((partition) => !event.partitions.includes(partition))));
    if (type === 'assigned') {
      for (const partition of event.partitions) if (!had.has(partition)) due.set(`${member} ${partition}`, committed.get(partition) ?? 0);
      owned.set(member, new Set(event.partitions));
    }
    if (type !== 'record') continue;
    const key = `${member} ${event.partition}`;
    if (event.offset < (due.get(key) ?? 0))
      problems.push(`${member} begins at ${event.offset} of partition ${event.partition}, below ${due.get(key)}, which was committed`);
    due.delete(key);
  }
  return problems;
}

/** G3: commits, as one who looks again and again finds them, that went back. */
export function committedBackwards(events: readonly GroupEvent[], observer: string): string[] {
  const problems: string[] = [];
  const last = new Map<number, number>();
  for (const event of events) {
    if (event.type !== 'committed' || event.member !== observer) continue;
    const before = last.get(event.partition) ?? 0;
    if (event.offset < before) problems.push(`partition ${event.partition}: ${event.offset} is committed after ${before}`);
    last.set(event.partition, event.offset);
  }
  return problems;
}

/** Who has which partition as far as its members know, at the end of what happened. */
export function owners(events: readonly GroupEvent[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const event of inOrder(events)) {
    if (event.type !== 'assigned' && event.type !== 'revoked' && event.type !== 'ended') continue;
    for (const [partition, owner] of found)
      if (owner === event.member && (event.type !== 'revoked' || event.partitions.includes(partition))) found.delete(partition);
    if (event.type === 'assigned') for (const partition of event.partitions) found.set(partition, event.member);
  }
  return found;
}

/** By time; what happened in one millisecond stays as it was told, since each member tells its own events in their order. */
function inOrder(events: readonly GroupEvent[]): GroupEvent[] {
  return events.toSorted((a, b) => a.at - b.at);
}
