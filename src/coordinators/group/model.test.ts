import { expect, test } from 'vitest';
import { SeededRandom } from '#platform';
import { TestCoordinator } from './testing.ts';

/** What a client of a group is like: it joins, syncs, sends heartbeats, and does what it is told. */
interface Client {
  memberId: string;
  readonly instanceId: string | null;
  generationId: number;
  /** What it owns, by the assignment it was given; undefined while it has none. */
  owned: readonly string[] | undefined;
  join: ReturnType<TestCoordinator['join']> | undefined;
  sync: ReturnType<TestCoordinator['sync']> | undefined;
  isAlive: boolean;
}

const partitions = Array.from({ length: 6 }, (_, index) => String(index));
const refusals = new Set(['UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS']);

/**
 * Clients that come, go, fall silent and are started again, over a coordinator that moves now and then. After every step: in one generation a partition has
 * one owner (G1), and what is acknowledged is fetched (G3); a copy made from the log is the same as the group (G8). In the end, with all
 * quiet, the group is stable and everything is shared out (G2, G5).
 */
function play(seed: number): { moves: number; generations: number; commits: number } {
  const random = new SeededRandom(seed);
  const pick = <T>(of: readonly T[]): T => of[random.below(of.length)]!;
  let groups = new TestCoordinator({ config: { minSessionTimeoutMs: 100, initialRebalanceDelayMs: random.below(2) * 500 } });
  const clients: Client[] = [];
  const commits = new Map<string, bigint>();
  const counts = { moves: 0, generations: 0, commits: 0 };
  const owners = new Map<string, string>();
  const timeouts = { sessionTimeoutMs: 1000, rebalanceTimeoutMs: 2000 };

  const named = ({ instanceId }: Client) => (instanceId === null ? {} : { groupInstanceId: instanceId });
  const start = (client: Client) => {
    client.owned = undefined;
    client.sync = undefined;
    client.join = groups.join({ ...timeouts, ...named(client), memberId: client.memberId });
  };
  const refused = (client: Client, errorName: string) => {
    expect(refusals).toContain(errorName);
    client.owned = undefined;
    client.join = undefined;
    client.sync = undefined;
    if (errorName === 'UNKNOWN_MEMBER_ID') client.memberId = '';
    if (errorName === 'FENCED_INSTANCE_ID') client.isAlive = false;
  };

  const step = (client: Client) => {
    if (client.join !== undefined) {
      const { answer, error } = client.join;
      if (error !== undefined) return refused(client, error.errorName);
      if (answer === undefined) return;
      client.join = undefined;
      client.memberId = answer.memberId;
      if (answer.errorCode === 'MEMBER_ID_REQUIRED') return start(client);
      if (answer.errorCode !== 'NONE') return refused(client, answer.errorCode);
      client.generationId = answer.generationId ?? -1;
      const isLeader = answer.leader === answer.memberId && answer.skipAssignment !== true;
      const ids = answer.members.map(({ memberId }) => memberId);
      const assignments = ids.map((memberId, index) => ({
        memberId,
        assignment: Buffer.from(partitions.filter((_, partition) => partition % ids.length === index).join()),
      }));
      client.sync = groups.sync({
        memberId: client.memberId,
        generationId: client.generationId,
        ...named(client),
        assignments: isLeader ? assignments : [],
      });
    } else if (client.sync !== undefined) {
      const { answer, error } = client.sync;
      if (error !== undefined) return refused(client, error.errorName);
      if (answer === undefined) return;
      client.sync = undefined;
      if (answer.errorCode !== 'NONE') return refused(client, answer.errorCode);
      client.owned = String(answer.assignment).split(',').filter(Boolean);
      for (const partition of client.owned) {
        const place = `${client.generationId} ${partition}`;
        const owner = owners.get(place) ?? client.memberId;
        // A static member that was started again owns what its former life did.
        expect(client.instanceId !== null || owner === client.memberId, `seed ${seed}: G1: ${place}: ${owner} and ${client.memberId}`).toBe(
          true,
        );
        owners.set(place, client.memberId);
      }
      counts.generations = Math.max(counts.generations, client.generationId);
    } else if (client.owned !== undefined) {
      const beat = groups.heartbeat(client.memberId, client.generationId, client.instanceId);
      if (beat !== 'NONE') {
        refused(client, beat);
        return;
      }
      if (client.owned.length === 0) return;
      const partition = pick(client.owned);
      const offset = BigInt(random.below(1000));
      const { memberId, generationId, instanceId } = client;
      const error = groups.commit({
        memberId,
        generationId,
        offset,
        partition: Number(partition),
        ...(instanceId === null ? {} : { groupInstanceId: instanceId }),
      });
      if (error === 'NONE') {
        counts.commits++;
        commits.set(partition, offset);
      } else refused(client, error);
    } else start(client);
  };

  for (let turn = 0; turn < 300; turn++) {
    const alive = clients.filter(({ isAlive }) => isAlive);
    const what = random.below(100);
    if (what < 4 && alive.length < 5) {
      const instanceId = random.below(3) === 0 ? `static ${random.below(3)}` : null;
      clients.push({ memberId: '', instanceId, generationId: -1, owned: undefined, join: undefined, sync: undefined, isAlive: true });
    } else if (what < 6 && alive.length > 0) pick(alive).isAlive = false;
    else if (what < 8 && alive.length > 0) {
      const leaver = pick(alive);
      leaver.isAlive = false;
      if (leaver.memberId !== '')
        groups.ask((core, scope) => core.members.leave('readers', [{ memberId: leaver.memberId, groupInstanceId: null }], scope));
    } else if (what < 10) {
      groups = groups.moved();
      counts.moves++;
      for (const client of clients) {
        // Who waits for an answer hears that the coordinator has moved, and asks the new one.
        client.join = undefined;
        client.sync = undefined;
      }
    } else if (what < 30) groups.pass(random.below(400));
    else if (alive.length > 0) step(pick(alive));

    for (const [partition, offset] of commits)
      expect(groups.committed('orders', Number(partition)).committedOffset, `seed ${seed}: G3`).toBe(offset);
    const [group] = groups.get((core) => core.listGroups());
    if (turn % 20 === 0 && (group?.state === 'Stable' || group?.state === 'Empty')) {
      const copy = groups.moved();
      // What is only in memory, as an id that was just given, is not in the log.
      if (copy.get((core) => core.listGroups()).length > 0) expect(copy.described(), `seed ${seed}: G8`).toEqual(groups.described());
    }
  }

  const alive = clients.filter(({ isAlive }) => isAlive);
  if (new Set(alive.map(({ instanceId }) => instanceId ?? Symbol('none'))).size !== alive.length || alive.length === 0) return counts;
  for (let round = 0; round < 200; round++) {
    for (const client of alive) if (client.isAlive) step(client);
    groups.pass(50);
  }
  const remaining = alive.filter(({ isAlive }) => isAlive);
  expect(groups.get((core) => core.describeGroup('readers')).groupState, `seed ${seed}: G5`).toBe('Stable');
  expect(remaining.flatMap(({ owned }) => owned ?? []).sort(), `seed ${seed}: G2`).toEqual(partitions);
  return counts;
}

test('G1, G2, G3, G5, G8: whatever members do and however often the coordinator moves', { timeout: 60_000 }, () => {
  const total = { moves: 0, generations: 0, commits: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    const counts = play(seed);
    total.moves += counts.moves;
    total.generations += counts.generations;
    total.commits += counts.commits;
  }

  // It has been about something.
  expect(total.moves).toBeGreaterThan(200);
  expect(total.generations).toBeGreaterThan(300);
  expect(total.commits).toBeGreaterThan(500);
});
