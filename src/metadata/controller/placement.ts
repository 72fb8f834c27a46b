/** A broker that can be given replicas. */
export interface PlaceableBroker {
  readonly id: number;
  readonly rack: string | null;
}

/**
 * The replicas of one partition: the first is the broker at the partition's place in the round through all brokers in id order, starting with
 * the lowest id, the others follow it. Where brokers stand in different racks, those in racks that hold no replica yet come first.
 * @param brokers in id order, at least `replicationFactor`
 */
export function placePartition(partition: number, replicationFactor: number, brokers: readonly PlaceableBroker[]): number[] {
  const first = partition % brokers.length;
  const round = [...brokers.slice(first), ...brokers.slice(0, first)];
  const placed = round.slice(0, 1);
  while (placed.length < replicationFactor) {
    const free = round.filter((broker) => !placed.includes(broker));
    placed.push(free.find(({ rack }) => rack !== null && !placed.some((other) => other.rack === rack)) ?? free[0]!);
  }
  return placed.map(({ id }) => id);
}
