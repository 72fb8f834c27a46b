import { expect, test } from 'vitest';
import type { RaftContext } from './context.ts';
import type { VoteAnswer } from './types.ts';
import { Votes } from './votes.ts';

const voter = (id: number, port: number) => ({ id, directoryId: `directory-${id}`, address: { host: 'localhost', port } });
const named = (...ports: number[]) => ports.map((port) => ({ host: 'localhost', port }));

/** Of broker 1, in a cluster of three. */
function votes(recorded: readonly number[], peers: readonly number[]): Votes {
  const electors = recorded.map((port, index) => voter(index + 1, port));
  const context = { self: electors[0], electors: () => electors, quorumSize: () => 2, formation: { addresses: named(...peers) } };
  return new Votes(context as unknown as RaftContext);
}

function answer(error: VoteAnswer['error'], granted = false): VoteAnswer {
  return { type: 'vote', error, granted, epoch: 1, leaderId: -1, leaderAddress: undefined };
}

test('electors are where their record says, as long as --peers names these places', () => {
  const three = votes([8080, 8081, 8082], [8081, 8082]);

  expect(three.electors.slice(1).map((elector) => three.placesOf(elector))).toEqual([named(8081), named(8082)]);
});

test('where one is not, each may be at any place that is named, also where another one was before', () => {
  const three = votes([8080, 8081, 8082], [8082, 8083]);

  expect(three.placesOf(three.electors[1]!)).toEqual(named(8081, 8082, 8083));
  expect(three.placesOf(three.electors[2]!)).toEqual(named(8082, 8083));
});

test('somebody else at such a place says nothing for the elector, until it is at none of them', () => {
  const three = votes([8080, 8081, 8082], [8082, 8083]);
  three.count(three.electors[1]!, answer('NONE'));
  three.count(three.electors[2]!, answer('INVALID_VOTER_KEY'));
  expect([three.isWon, three.isLost]).toEqual([false, false]);

  three.count(three.electors[2]!, answer('INVALID_VOTER_KEY'));
  expect([three.isWon, three.isLost]).toEqual([false, true]);
});
