import { describe, expect, test } from 'vitest';
import { Leader, type Leadership, type LeaderView, type LogEnds } from './leader.ts';

/** The leader is broker 1. */
const nodeId = 1;
const lagMs = 1000;
const replicas = [1, 2, 3];

describe('what is committed', () => {
  test.each([
    { isr: [1, 2, 3], expected: 5n, because: 'the slowest in-sync replica holds it back' },
    { isr: [1, 2], expected: 8n, because: 'a replica outside the ISR does not count' },
    { isr: [1], expected: 10n, because: 'alone the leader goes by its own disk' },
  ])('P3: with ISR $isr it is $expected: $because', ({ isr, expected }) => {
    const leader = leading({ isr }, { mayJoin: () => false });
    const ends = log({ logEndOffset: 12n, flushedOffset: 10n });
    fetched(leader, 2, 8n, ends);
    fetched(leader, 3, 5n, ends);

    expect(leader.committedOffset(ends, 0)).toBe(expected);
  });

  test('P3: the leader counts only what is on its own disk', () => {
    const leader = leading({ isr: [1, 2] });
    const ends = log({ logEndOffset: 12n, flushedOffset: 7n });
    fetched(leader, 2, 12n, ends);

    expect(leader.committedOffset(ends, 0)).toBe(7n);
  });

  test('P3: a follower in sync of which nothing is known yet holds everything back', () => {
    const leader = leading({ isr: [1, 2, 3] });
    const ends = log({ logEndOffset: 12n, flushedOffset: 12n });
    fetched(leader, 2, 12n, ends);

    expect(leader.committedOffset(ends, 0)).toBe(-1n);
  });

  test('P4, maximal-isr-inflight: one who may have joined counts as soon as that was asked for', () => {
    const leader = leading({ isr: [1, 2] });
    const ends = log({ logEndOffset: 10n, flushedOffset: 10n, highWatermark: 4n });
    fetched(leader, 2, 10n, ends);
    fetched(leader, 3, 4n, ends);

    leader.expansion(3, ends);

    expect([leader.isr, leader.maximalIsr]).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    expect(leader.committedOffset(ends, 10 * lagMs)).toBe(4n);
  });

  test('P4: one who may have left counts until the controller has said so', () => {
    const leader = leading({ isr: [1, 2, 3] });
    const ends = log({ logEndOffset: 10n, flushedOffset: 10n });
    fetched(leader, 2, 10n, ends, 0);
    fetched(leader, 3, 2n, ends, 0);
    const late = 2 * lagMs;
    fetched(leader, 2, 10n, ends, late);

    const proposal = leader.shrinkage(ends, late)!;
    const before = leader.committedOffset(ends, late);
    leader.accepted({ isr: [1, 2], partitionEpoch: 1 });

    expect(proposal.isr.map(({ brokerId }) => brokerId)).toEqual([1, 2]);
    expect([before, leader.committedOffset(ends, late)]).toEqual([2n, 10n]);
  });

  test('P8: it stands still while fewer than min.insync.replicas are in sync', () => {
    const leader = leading({ isr: [1] }, { minInsyncReplicas: () => 2 });
    const ends = log({ logEndOffset: 10n, flushedOffset: 10n });

    expect([leader.hasEnoughReplicas, leader.committedOffset(ends, 0)]).toEqual([false, undefined]);
  });

  test('one that has all but the newest records is waited for, so that it can ever join', () => {
    const leader = leading({ isr: [1] });
    const ends = log({ logEndOffset: 10n, flushedOffset: 10n, highWatermark: 6n });
    fetched(leader, 2, 7n, ends);

    expect(leader.committedOffset(ends, 0)).toBe(7n);
    expect(leader.committedOffset(ends, 2 * lagMs)).toBe(10n);
  });

  test('one that is fenced is not waited for', () => {
    const leader = leading({ isr: [1] }, { mayJoin: () => false });
    const ends = log({ logEndOffset: 10n, flushedOffset: 10n, highWatermark: 6n });
    fetched(leader, 2, 7n, ends);

    expect(leader.committedOffset(ends, 0)).toBe(10n);
  });
});

describe('P6: a follower joins', () => {
  test('when it has all that is committed', () => {
    const leader = leading({ isr: [1], partitionEpoch: 7 });
    const ends = log({ logEndOffset: 10n, highWatermark: 6n });
    fetched(leader, 2, 6n, ends);

    expect(leader.expansion(2, ends)).toEqual({
      leaderEpoch: 3,
      partitionEpoch: 7,
      isr: [
        { brokerId: 1, brokerEpoch: 100n },
        { brokerId: 2, brokerEpoch: 20n },
      ],
    });
  });

  test.each([
    { fetchOffset: 5n, mayJoin: true, startOffset: 0n, because: 'it lacks committed records' },
    {
      fetchOffset: 6n,
      mayJoin: true,
      startOffset: 8n,
      because: 'isr-join-below-epoch-start: it lacks what was there when the leadership began',
    },
    {
      fetchOffset: 9n,
      mayJoin: false,
      startOffset: 0n,
      because: 'it is fenced, or another incarnation is registered (rebooted-follower-stale-fetch)',
    },
  ])('not at $fetchOffset: $because', ({ fetchOffset, mayJoin, startOffset }) => {
    const leader = leading({ isr: [1] }, { mayJoin: () => mayJoin }, startOffset);
    const ends = log({ logEndOffset: 10n, highWatermark: 6n });
    fetched(leader, 2, fetchOffset, ends);

    expect(leader.expansion(2, ends)).toBeUndefined();
  });

  test('as the incarnation that fetched, which is what may join or not', () => {
    const asked: [number, bigint][] = [];
    const leader = leading({ isr: [1] }, { mayJoin: (id, epoch) => asked.push([id, epoch]) > 0 });
    const ends = log({ logEndOffset: 10n });
    fetched(leader, 2, 10n, ends);

    leader.expansion(2, ends);

    expect(asked).toEqual([[2, 20n]]);
  });

  test('one at a time', () => {
    const leader = leading({ isr: [1] });
    const ends = log({ logEndOffset: 10n });
    fetched(leader, 2, 10n, ends);
    fetched(leader, 3, 10n, ends);

    expect([leader.expansion(2, ends) !== undefined, leader.expansion(3, ends)]).toEqual([true, undefined]);
  });
});

describe('a follower leaves', () => {
  test('when it has not had everything for replica.lag.time.max.ms, however often it fetches', () => {
    const leader = leading({ isr: [1, 2] });
    for (let now = 0; now <= lagMs; now += 100) fetched(leader, 2, 5n, log({ logEndOffset: 100n + BigInt(now) }), now);

    expect(leader.shrinkage(log({ logEndOffset: 2000n }), lagMs)).toBeUndefined();
    expect(leader.shrinkage(log({ logEndOffset: 2000n }), lagMs + 1)?.isr.map(({ brokerId }) => brokerId)).toEqual([1]);
  });

  test('not while it keeps up with what there was at its last fetch', () => {
    const leader = leading({ isr: [1, 2] });
    for (let now = 0; now <= 5 * lagMs; now += 100) fetched(leader, 2, BigInt(now), log({ logEndOffset: BigInt(now + 100) }), now);

    expect(leader.shrinkage(log({ logEndOffset: 10_000n }), 5 * lagMs)).toBeUndefined();
  });

  test('at once when it asks for what it had confirmed before: its disk has forgotten', () => {
    const leader = leading({ isr: [1, 2] });
    const ends = log({ logEndOffset: 10n, highWatermark: 8n });
    fetched(leader, 2, 5n, ends);

    expect(leader.shrinkage(ends, 0)?.isr.map(({ brokerId }) => brokerId)).toEqual([1]);
  });
});

describe('the answer of the controller', () => {
  test('that is older than what is known changes nothing', () => {
    const leader = leading({ isr: [1, 2], partitionEpoch: 5 });

    expect(leader.accepted({ isr: [1], partitionEpoch: 5 })).toBe(false);
    expect(leader.isr).toEqual([1, 2]);
  });

  test('that refuses leaves the committed set, and lets another be asked for', () => {
    const leader = leading({ isr: [1] });
    const ends = log({ logEndOffset: 10n });
    fetched(leader, 2, 10n, ends);
    leader.expansion(2, ends);

    leader.refused();

    expect([leader.maximalIsr, leader.expansion(2, ends) !== undefined]).toEqual([[1], true]);
  });

  test('comes through the metadata as well, with other replicas in a reassignment', () => {
    const leader = leading({ isr: [1] });

    const changed = leader.update({ leaderEpoch: 3, partitionEpoch: 1, isr: [1, 4], replicas: [1, 4] }, 0);

    expect([changed, leader.isr, leader.progressOf(2), leader.progressOf(4)?.logEndOffset]).toEqual([true, [1, 4], undefined, -1n]);
  });
});

function leading(leadership: Partial<Leadership>, view: Partial<LeaderView> = {}, startOffset = 0n): Leader {
  const whole: LeaderView = {
    nodeId,
    brokerEpoch: () => 100n,
    mayJoin: () => true,
    minInsyncReplicas: () => 1,
    replicaLagTimeMaxMs: lagMs,
    ...view,
  };
  return new Leader({ leaderEpoch: 3, partitionEpoch: 0, replicas, isr: replicas, ...leadership }, startOffset, whole, 0);
}

function log(ends: Partial<LogEnds>): LogEnds {
  return { logEndOffset: 0n, flushedOffset: 0n, highWatermark: 0n, ...ends };
}

function fetched(leader: Leader, replicaId: number, fetchOffset: bigint, ends: LogEnds, now = 0): void {
  leader.followerFetched({ replicaId, brokerEpoch: BigInt(replicaId * 10), fetchOffset, logStartOffset: 0n }, ends, now);
}
