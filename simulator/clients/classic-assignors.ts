import type { ByTopic } from './consumer-protocol.ts';

/** A member, as the leader of its generation sees it. */
export interface Subscriber {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  readonly ownedPartitions: readonly ByTopic[];
  readonly generationId: number;
}

interface Topic {
  readonly name: string;
  readonly partitions: number;
}

/** Each topic in ranges of partitions, in the order of the members: all give up what they have before. */
export function assignRanges(members: readonly Subscriber[], topics: readonly Topic[]): Map<string, ByTopic[]> {
  const order = members.map(({ memberId }) => memberId).sort();
  const assigned = new Map(order.map((memberId) => [memberId, [] as ByTopic[]]));
  for (const { name, partitions } of topics)
    for (const [index, memberId] of order.entries()) {
      const from = Math.floor((index * partitions) / order.length);
      const to = Math.floor(((index + 1) * partitions) / order.length);
      const own = Array.from({ length: to - from }, (_, at) => from + at);
      if (own.length > 0) assigned.get(memberId)!.push({ topic: name, partitions: own });
    }
  return assigned;
}

/** All keep what they have, but for what is too much; and what somebody still has nobody else gets before the next generation (KIP-429). */
export function assignCooperatively(members: readonly Subscriber[], topics: readonly Topic[]): Map<string, ByTopic[]> {
  const all = topics.flatMap(({ name, partitions }) => Array.from({ length: partitions }, (_, partition) => `${name}/${partition}`));
  const owners = ownersOf(members);
  const quota = Math.ceil(all.length / members.length);
  const assigned = new Map(
    members
      .map(({ memberId }) => memberId)
      .sort()
      .map((memberId) => [memberId, [] as string[]]),
  );
  for (const place of all) {
    const owner = owners.get(place);
    if (owner !== undefined && assigned.get(owner)!.length < quota) assigned.get(owner)!.push(place);
  }
  const kept = new Set([...assigned.values()].flat());
  for (const place of all.filter((each) => !kept.has(each))) {
    const [least] = [...assigned.keys()].sort((a, b) => assigned.get(a)!.length - assigned.get(b)!.length);
    // It counts as given, for the balance, and is given when its owner has let it go.
    assigned.get(least!)!.push(place);
  }
  return new Map(
    Array.from(assigned, ([memberId, places]) => [
      memberId,
      byTopic(places.filter((place) => owners.get(place) === undefined || owners.get(place) === memberId)),
    ]),
  );
}

/** Whoever had a partition in the latest generation; nobody where two say so. */
function ownersOf(members: readonly Subscriber[]): Map<string, string> {
  const claims = new Map<string, { memberId: string; generationId: number }[]>();
  for (const { memberId, generationId, ownedPartitions } of members)
    for (const { topic, partitions } of ownedPartitions)
      for (const partition of partitions) {
        const place = `${topic}/${partition}`;
        claims.set(place, [...(claims.get(place) ?? []), { memberId, generationId }]);
      }
  const owners = new Map<string, string>();
  for (const [place, all] of claims) {
    const latest = Math.max(...all.map(({ generationId }) => generationId));
    const [first, ...others] = all.filter(({ generationId }) => generationId === latest);
    if (others.length === 0) owners.set(place, first!.memberId);
  }
  return owners;
}

function byTopic(places: readonly string[]): ByTopic[] {
  const topics = Map.groupBy(places, (place) => place.slice(0, place.lastIndexOf('/')));
  return Array.from(topics, ([topic, own]) => ({ topic, partitions: own.map((place) => Number(place.slice(place.lastIndexOf('/') + 1))) }));
}
