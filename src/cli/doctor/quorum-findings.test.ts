import { expect, test } from 'vitest';
import { quorumFindings, type SeenVoter } from './quorum-findings.ts';

const voter = (id: number, more: Partial<SeenVoter> = {}): SeenVoter => ({ id, lag: 0, silentMs: 10, behindMs: 10, ...more });
const told = (...voters: SeenVoter[]) => quorumFindings(voters).map(({ what, level, seen }) => `${level} ${what}: ${seen}`);

test.each([
  [1, 'warn Quorum: 1 voter: while it is down the cluster can change nothing'],
  [2, 'warn Quorum: 2 voters, of which none may fail, as of 1'],
  [3, 'ok Quorum: 3 voters, of which 1 may fail'],
  [4, 'warn Quorum: 4 voters, of which 1 may fail, as of 3'],
  [5, 'ok Quorum: 5 voters, of which 2 may fail'],
])('%i voters', (count, expected) => {
  expect(told(...Array.from({ length: count }, (_, index) => voter(index + 1)))).toEqual([expected]);
});

test('a voter that has not asked for long is a warning, and when one more failure would end the majority it says so', () => {
  expect(told(voter(1), voter(2), voter(3, { silentMs: 61_000, lag: 9 }))[1]).toBe(
    'warn Voters: voter 3 asked its leader last 61 s ago; when one more fails there is no majority',
  );
  expect(told(voter(1), voter(2), voter(3), voter(4), voter(5, { silentMs: 9_000 }))[1]).toMatch(/; 1 more may fail$/);
});

test('without a majority it is a failure, though the leader may not know yet', () => {
  expect(told(voter(1), voter(2, { silentMs: 9_000 }), voter(3, { silentMs: Number.POSITIVE_INFINITY }))[1]).toBe(
    'fail Voters: voter 2 asked its leader last 9 s ago, voter 3 has never asked its leader; those who are left are no majority',
  );
});

test('a voter that asks and is behind for long is a warning, and one that is behind for a moment is not', () => {
  expect(told(voter(1), voter(2, { lag: 3 }), voter(3, { lag: 40, behindMs: 8_000 })).slice(1)).toEqual([
    'warn Voter 3: lacks 40 offsets of the metadata log, and had all of it last 8 s ago',
  ]);
});

test('a cluster that tells no times has no voters that are silent', () => {
  expect(told(...[1, 2, 3].map((id) => voter(id, { lag: 5, silentMs: undefined, behindMs: undefined })))).toHaveLength(1);
});
