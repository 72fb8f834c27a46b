import { expect, test } from 'vitest';
import type { Quorum } from './quorum-describe.ts';
import { directoryToAdd, listensApart } from './quorum-voters.ts';

const member = (replicaId: number, replicaDirectoryId: string, lastFetchTimestamp = 0n) => ({
  replicaId,
  replicaDirectoryId,
  logEndOffset: 0n,
  lastFetchTimestamp,
  lastCaughtUpTimestamp: 0n,
});
const quorum = (members: Pick<Quorum, 'currentVoters' | 'observers'>): Quorum => ({
  partitionIndex: 0,
  errorCode: 'NONE',
  errorMessage: null,
  leaderId: 1,
  leaderEpoch: 1,
  highWatermark: 0n,
  ...members,
});

test('of a broker whose disk was replaced, the directory that asked last is added', () => {
  const seen = quorum({ currentVoters: [member(1, 'a')], observers: [member(3, 'lost', 5n), member(3, 'new', 9n), member(2, 'b', 10n)] });

  expect(directoryToAdd(seen, 3)).toBe('new');
});

test.each([
  { voters: [member(3, 'lost')], observers: [member(3, 'new')], error: 'is a voter with another directory (lost) than it has now' },
  { voters: [member(3, 'c')], observers: [], error: 'Broker 3 is a voter already.' },
  { voters: [member(1, 'a')], observers: [member(2, 'b')], error: 'Voters: 1; observers: 2.' },
])('otherwise it says why not: $error', ({ voters, observers, error }) => {
  expect(() => directoryToAdd(quorum({ currentVoters: voters, observers }), 3)).toThrow(error);
});

test.each([
  { voter: 9092, broker: 9092, expected: false },
  { voter: 9093, broker: 9092, expected: true },
])('a voter at $voter whose broker is at $broker', ({ voter, broker, expected }) => {
  const nodes = [
    { nodeId: 1, listeners: [{ port: voter }] },
    { nodeId: 2, listeners: [{ port: 7 }] },
  ];

  expect(listensApart(nodes, [{ brokerId: 1, port: broker }])).toBe(expected);
});
