import { expect, test } from 'vitest';
import { SeededRandom } from '#platform';
import { TestCoordinator, topicIdOf, topicsOf } from '../testing.ts';

/** A client of the new protocol. It gives up what it has to when it gets round to it. */
interface Client {
  readonly memberId: string;
  epoch: number;
  /** What it really has, and may be reading. */
  owned: Set<number>;
  /** What it was told to have. */
  told: Set<number>;
  /** It did not hear the last answer, and says all that it has to say, so that it hears all. */
  saysAll: boolean;
  isAlive: boolean;
}

/**
 * Clients that come, go, fall silent and lose answers, over a coordinator that moves now and then, with partitions that are added. After every step: no partition is
 * owned by two members that are in the group (G1), and a copy made from the log is the same (G8). In the end, with all quiet, everything is shared out (G2, G5).
 */
function play(seed: number): { moves: number; epochs: number; fenced: number } {
  const random = new SeededRandom(seed);
  const pick = <T>(of: readonly T[]): T => of[random.below(of.length)]!;
  let groups = new TestCoordinator({ topics: topicsOf({ orders: 4 }) });
  let partitions = 4;
  const clients: Client[] = [];
  const counts = { moves: 0, epochs: 0, fenced: 0 };

  const beat = (client: Client, losesAnswer: boolean) => {
    // It gives up what it was told to before it says what it has, and takes what is new after that.
    if (client.epoch > 0) for (const partition of client.owned) if (!client.told.has(partition)) client.owned.delete(partition);
    const topicPartitions = client.owned.size === 0 ? [] : [{ topicId: topicIdOf('orders'), partitions: [...client.owned] }];
    const { answer, error } = groups.beat(client.memberId, client.epoch, {
      topicPartitions,
      ...(client.saysAll ? { rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['orders'] } : {}),
    });
    if (error !== undefined) {
      expect(['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'GROUP_ID_NOT_FOUND'], `seed ${seed}`).toContain(error.errorName);
      counts.fenced++;
      client.epoch = 0;
      client.owned = new Set();
      client.told = new Set();
      return;
    }
    client.saysAll = losesAnswer;
    if (losesAnswer) return;
    client.epoch = answer!.memberEpoch!;
    if (answer!.assignment == null) return;
    client.told = new Set(answer!.assignment.topicPartitions.flatMap((topic) => topic.partitions));
    for (const partition of client.told) client.owned.add(partition);
  };

  const isMember = ({ memberId }: Client) =>
    groups.get((core) => core.listGroups()).length > 0 &&
    groups.get((core) => core.describeConsumerGroup('readers')).members.some((member) => member.memberId === memberId);

  const check = () => {
    const owners = new Map<number, string>();
    for (const client of clients.filter(({ isAlive }) => isAlive)) {
      if (!isMember(client)) continue; // it is out, and knows it with its next heartbeat; its commits are refused
      for (const partition of client.owned) {
        expect(owners.get(partition), `seed ${seed}: G1: ${partition} of ${client.memberId}`).toBeUndefined();
        owners.set(partition, client.memberId);
      }
    }
  };

  for (let turn = 0; turn < 250; turn++) {
    const alive = clients.filter(({ isAlive }) => isAlive);
    const what = random.below(100);
    if (what < 5 && alive.length < 5)
      clients.push({ memberId: `m${clients.length}`, epoch: 0, owned: new Set(), told: new Set(), saysAll: false, isAlive: true });
    else if (what < 7 && alive.length > 0) pick(alive).isAlive = false;
    else if (what < 9 && alive.length > 0) {
      const leaver = pick(alive);
      leaver.isAlive = false;
      groups.beat(leaver.memberId, -1);
    } else if (what < 11) {
      groups = groups.moved();
      counts.moves++;
    } else if (what < 12 && partitions < 9) groups.topics = topicsOf({ orders: ++partitions });
    else if (what < 25) groups.pass(random.below(random.below(5) === 0 ? 60_000 : 9000));
    else if (alive.length > 0) beat(pick(alive), random.below(8) === 0);
    check();
    if (turn % 20 === 0) expect(groups.moved().described(), `seed ${seed}: G8`).toEqual(groups.described());
  }

  const alive = clients.filter(({ isAlive }) => isAlive);
  if (alive.length === 0) return counts;
  for (let round = 0; round < 40; round++) {
    for (const client of alive) beat(client, false);
    check();
    groups.pass(4000);
  }
  const { groupState, groupEpoch } = groups.get((core) => core.describeConsumerGroup('readers'));
  counts.epochs = groupEpoch;
  expect(groupState, `seed ${seed}: G5`).toBe('Stable');
  expect(alive.flatMap(({ owned }) => [...owned]).sort(), `seed ${seed}: G2`).toEqual(Array.from({ length: partitions }, (_, i) => i));
  return counts;
}

test('G1, G2, G5, G8: whatever members of a consumer group do and however often the coordinator moves', { timeout: 60_000 }, () => {
  const total = { moves: 0, epochs: 0, fenced: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    const counts = play(seed);
    total.moves += counts.moves;
    total.epochs += counts.epochs;
    total.fenced += counts.fenced;
  }

  // It has been about something.
  expect(total.moves).toBeGreaterThan(150);
  expect(total.epochs).toBeGreaterThan(300);
  expect(total.fenced).toBeGreaterThan(20);
});
