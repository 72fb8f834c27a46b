/** A broker that can be given replicas. */
export interface PlaceableBroker {
  readonly id: number;
  readonly rack: string | null;
  /** In service, so that it may lead. */
  readonly live: boolean;
}

/**
 * The replicas of one partition: the first is the live broker at the partition's place in the round through all live brokers in id order, starting
 * with the lowest id. The others follow it in the round through all brokers: live ones before those that are down, and of these the ones in racks that
 * hold no replica yet before the rest.
 * @param brokers in id order, at least `replicationFactor`, at least one of them live
 */
export function placePartition(partition: number, replicationFactor: number, brokers: readonly PlaceableBroker[]): number[] {
  const live = brokers.filter((broker) => broker.live);
  const first = live[partition % live.length]!;
  const place = brokers.indexOf(first);
  const round = [...brokers.slice(place), ...brokers.slice(0, place)];
  const placed = [first];
  while (placed.length < replicationFactor) {
    const free = round.filter((broker) => !placed.includes(broker));
    const best = free.some((broker) => broker.live) ? free.filter((broker) => broker.live) : free;
    placed.push(best.find(({ rack }) => rack !== null && !placed.some((other) => other.rack === rack)) ?? best[0]!);
  }
  return placed.map(({ id }) => id);
}
