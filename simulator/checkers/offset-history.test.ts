import { beforeEach, expect, test } from 'vitest';
import { HistoryClock } from './history-clock.ts';
import { type Commit, OffsetHistory } from './offset-history.ts';

let history: OffsetHistory;
let isLive = true;

beforeEach(() => {
  history = new OffsetHistory(new HistoryClock());
  isLive = true;
});

const commit = (offset: bigint) => history.commit('group', 'topic/0', offset, 'member', { isLive: () => isLive });

function acknowledged(offset: bigint): Commit {
  const commited = commit(offset);
  history.acknowledge(commited);
  return commited;
}

function seen(found: Commit | 'nothing', askedAt = history.now()): void {
  const { offset, id } = found === 'nothing' ? { offset: -1n, id: '' } : found;
  history.seen('group', 'topic/0', { committedOffset: offset, metadata: id }, askedAt);
}

test('the last commit that was acknowledged is seen, or one that was not answered', () => {
  acknowledged(1n);
  const last = acknowledged(2n);
  const unanswered = commit(3n);

  seen(last);
  seen(unanswered);
});

test('a lower offset is seen when it was committed later', () => {
  acknowledged(5n);
  seen(acknowledged(3n));
});

test('who asked before a commit was acknowledged may still see the one before', () => {
  const first = acknowledged(1n);
  const askedAt = history.now();
  acknowledged(2n);

  seen(first, askedAt);
});

test('nothing is seen after a deletion, also one that was not answered', () => {
  acknowledged(1n);
  commit(-1n);

  seen('nothing');
});

test.each([
  {
    invariant: 'G3',
    what: 'an older commit is seen again',
    act: () => {
      const first = acknowledged(1n);
      acknowledged(2n);
      seen(first);
    },
  },
  {
    invariant: 'G8',
    what: 'nothing is seen',
    act: () => {
      acknowledged(1n);
      seen('nothing');
    },
  },
  {
    invariant: 'G8',
    what: 'nothing is seen after a deletion that came before',
    act: () => {
      acknowledged(-1n);
      acknowledged(1n);
      seen('nothing');
    },
  },
  {
    invariant: 'G3',
    what: 'a commit that was refused is seen',
    act: () => {
      const refused = commit(1n);
      history.refuse(refused, 'ILLEGAL_GENERATION');
      seen(refused);
    },
  },
  {
    invariant: 'G3',
    what: 'a commit is refused after it was seen',
    act: () => {
      const first = commit(1n);
      seen(first);
      history.refuse(first, 'ILLEGAL_GENERATION');
    },
  },
  {
    invariant: 'G3',
    what: 'what was seen once goes back',
    act: () => {
      const first = acknowledged(1n);
      seen(commit(2n));
      seen(first);
    },
  },
  { invariant: 'G3', what: 'an offset is seen that nobody committed', act: () => seen({ ...commit(1n), offset: 7n }) },
])('$invariant: $what', ({ invariant, act }) => {
  expect(act).toThrow(`${invariant}:`);
});

test('G7: where offsets expire, that of a member who reads on does not', () => {
  history = new OffsetHistory(new HistoryClock(), { mayExpire: true });
  acknowledged(1n);

  expect(() => seen('nothing')).toThrow('G7:');
  isLive = false;
  seen('nothing');
});
