import { expect, test } from 'vitest';
import { type FetchPosition, FetchSession } from './fetch-session.ts';

test('the first request names everything and asks for a session; then only what has changed is named', () => {
  const session = new FetchSession();

  const first = session.next([at('a', 0n), at('b', 0n)], 100);
  session.answered(7);
  const second = session.next([at('a', 5n), at('b', 0n)], 100);
  session.answered(7);
  const third = session.next([at('a', 5n), at('b', 0n)], 100);

  expect([first, second, third].map(outline)).toEqual([
    { session: [0, 0], asked: ['a@0', 'b@0'], forgotten: [] },
    { session: [7, 1], asked: ['a@5'], forgotten: [] },
    { session: [7, 2], asked: [], forgotten: [] },
  ]);
});

test('what is not wanted any more is forgotten, and named again when it is wanted again', () => {
  const session = new FetchSession();
  session.next([at('a', 0n), at('b', 0n)], 100);
  session.answered(7);

  const without = session.next([at('a', 0n)], 100);
  session.answered(7);
  const again = session.next([at('a', 0n), at('b', 0n)], 100);

  expect(outline(without)).toEqual({ session: [7, 1], asked: [], forgotten: ['b'] });
  expect(outline(again)).toEqual({ session: [7, 2], asked: ['b@0'], forgotten: [] });
});

test('without a session, or when it is lost, every request names everything', () => {
  const session = new FetchSession();
  session.next([at('a', 0n)], 100);
  session.answered(0);
  const refused = session.next([at('a', 0n)], 100);
  session.answered(9);
  session.reset();

  expect(outline(refused)).toEqual({ session: [0, 0], asked: ['a@0'], forgotten: [] });
  expect(outline(session.next([at('a', 0n)], 100))).toEqual({ session: [0, 0], asked: ['a@0'], forgotten: [] });
});

test.each(['currentLeaderEpoch', 'lastFetchedEpoch'] as const)('another %s is a change', (field) => {
  const session = new FetchSession();
  session.next([at('a', 0n)], 100);
  session.answered(7);

  expect(outline(session.next([{ ...at('a', 0n), [field]: 9 }], 100)).asked).toEqual(['a@0']);
});

function at(topicId: string, fetchOffset: bigint): FetchPosition {
  return { topicId, partition: 0, currentLeaderEpoch: 1, fetchOffset, lastFetchedEpoch: 1, logStartOffset: 0n, highWatermark: 0n };
}

function outline({ sessionId, sessionEpoch, topics, forgottenTopicsData }: ReturnType<FetchSession['next']>) {
  return {
    session: [sessionId, sessionEpoch],
    asked: topics.flatMap(({ topicId, partitions }) => partitions.map(({ fetchOffset }) => `${topicId}@${fetchOffset}`)),
    forgotten: (forgottenTopicsData ?? []).map(({ topicId }) => topicId),
  };
}
