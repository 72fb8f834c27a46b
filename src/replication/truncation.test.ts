import { expect, test } from 'vitest';
import { truncationOffset } from './truncation.ts';

/** Epochs by their first offset, as they stand in a follower's log. */
type Epochs = readonly (readonly [epoch: number, startOffset: bigint])[];

test.each<{ epochs: Epochs; end: bigint; leader: { epoch: number; endOffset: bigint }; expected: bigint; because: string }>([
  { epochs: [[1, 0n]], end: 10n, leader: { epoch: 1, endOffset: 7n }, expected: 7n, because: 'the leader has less of the epoch' },
  { epochs: [[1, 0n]], end: 10n, leader: { epoch: 1, endOffset: 12n }, expected: 10n, because: 'the leader has more of the epoch' },
  {
    epochs: [
      [1, 0n],
      [2, 6n],
    ],
    end: 9n,
    leader: { epoch: 1, endOffset: 8n },
    expected: 6n,
    because: 'of the epoch that both have, this log has less; the later one goes whole',
  },
  {
    epochs: [
      [1, 0n],
      [3, 6n],
    ],
    end: 9n,
    leader: { epoch: 2, endOffset: 8n },
    expected: 6n,
    because: 'kip279-two-fast-failovers: an epoch that is not here, so what comes after it goes, and the next fetch asks with epoch 1',
  },
  { epochs: [[3, 5n]], end: 9n, leader: { epoch: 2, endOffset: 7n }, expected: 5n, because: 'only later epochs are here' },
  {
    epochs: [[1, 0n]],
    end: 10n,
    leader: { epoch: 2, endOffset: 4n },
    expected: 4n,
    because: 'nothing later is here, and the leader ends before',
  },
])('cuts at $expected: $because', ({ epochs, end, leader, expected }) => {
  expect(truncationOffset(logOf(epochs, end), leader)).toBe(expected);
});

test('kip279-two-fast-failovers: step by step the logs come down to what they have in common', () => {
  // Epochs 1 and 3 here, 1 and 2 there: neither has the other's last one.
  let end = 9n;
  let epochs: Epochs = [
    [1, 0n],
    [3, 6n],
  ];
  const leader: Epochs = [
    [1, 0n],
    [2, 4n],
  ];
  const leaderEnd = 8n;
  const cuts: bigint[] = [];
  for (let rounds = 0; rounds < 5; rounds++) {
    const [lastEpoch] = epochs.at(-1)!;
    const { leaderEpoch, endOffset } = endOf(leader, leaderEnd, lastEpoch);
    if (leaderEpoch === lastEpoch && endOffset >= end) break;
    end = truncationOffset(logOf(epochs, end), { epoch: leaderEpoch, endOffset });
    epochs = epochs.filter(([, start]) => start < end);
    cuts.push(end);
  }

  expect([cuts, epochs]).toEqual([[6n, 4n], [[1, 0n]]]);
});

/** A follower's log: it knows nothing of epochs after its last one. */
function logOf(epochs: Epochs, logEndOffset: bigint) {
  const latest = epochs.at(-1)![0];
  return { logEndOffset, endOffsetForEpoch: (epoch: number) => (epoch > latest ? undefined : endOf(epochs, logEndOffset, epoch)) };
}

/** A leader, asked for an epoch after the last that it has records of, names that one. */
function endOf(epochs: Epochs, end: bigint, asked: number): { leaderEpoch: number; endOffset: bigint } {
  const floor = epochs.findLast(([epoch]) => epoch <= asked);
  const next = epochs.find(([epoch]) => epoch > asked);
  return { leaderEpoch: floor?.[0] ?? asked, endOffset: next?.[1] ?? end };
}
