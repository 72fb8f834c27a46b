import { beforeEach, expect, test } from 'vitest';
import { GroupHistory, type MemberLife } from './group-history.ts';
import { HistoryClock } from './history-clock.ts';
import { OffsetHistory } from './offset-history.ts';

const sessionMs = 1000;
let nowMs = 0;
let clock: HistoryClock;
let history: GroupHistory;
let ann: MemberLife;
let bob: MemberLife;

beforeEach(() => {
  nowMs = 0;
  clock = new HistoryClock();
  history = new GroupHistory({ clock, nowMs: () => nowMs, note: () => {} });
  ann = member('ann');
  bob = member('bob');
});

function member(name: string, instanceId: string | null = null): MemberLife {
  const life = history.begin({ group: 'group', name, instanceId, isMixed: false, sessionMs });
  history.heard(life, nowMs, clock.tick(), undefined);
  return life;
}

const places = (...partitions: number[]) => new Set(partitions.map((partition) => `topic/${partition}`));

test('a partition moves to another member when it was given up, or its owner was silent for a session', () => {
  history.given(ann, 1, places(0, 1));
  history.release(ann, ['topic/1']);
  history.given(bob, 2, places(1));
  nowMs = sessionMs;

  expect(() => history.given(bob, 3, places(0, 1))).not.toThrow();
});

test('a static member takes over what its former life had', () => {
  history.given(member('eve', 'static'), 1, places(0));

  expect(() => history.given(member('eve again', 'static'), 1, places(0))).not.toThrow();
});

test('what was polled may be committed', () => {
  history.polled('group', 'topic/0', [0n, 1n]);

  expect(() => history.checkFinal('group', 'topic/0', 2n, 3n)).not.toThrow();
});

const commit = () => new OffsetHistory(clock).commit('group', 'topic/0', 5n, 'ann');

test.each([
  {
    invariant: 'G1',
    what: 'two have one partition',
    act: () => {
      history.given(ann, 1, places(0));
      history.given(bob, 2, places(0));
    },
  },
  {
    invariant: 'G1',
    what: 'two have one partition in one generation, though one is silent',
    act: () => {
      history.given(ann, 1, places(0));
      nowMs = 2 * sessionMs;
      history.given(bob, 1, places(0));
    },
  },
  {
    invariant: 'G1',
    what: 'a member is given what its leader has not decided',
    act: () => {
      history.planned('group', 1, new Map([['ann', places(0)]]));
      history.givenInGeneration(ann, 1, places(1), 'ann');
    },
  },
  {
    invariant: 'G1',
    what: 'a member is given something else in one generation',
    act: () => {
      history.givenInGeneration(ann, 1, places(0), 'ann');
      history.givenInGeneration(ann, 1, places(1), 'ann');
    },
  },
  {
    invariant: 'G1',
    what: 'a commit is taken of one that has lost the partition',
    act: () => {
      history.given(ann, 1, places(0));
      const since = ann.owned.get('topic/0')!;
      nowMs = 2 * sessionMs;
      history.given(bob, 2, places(0));
      history.committed(ann, 'topic/0', commit(), since);
    },
  },
  {
    invariant: 'G5',
    what: 'a member is not known that was heard of lately',
    act: () => {
      nowMs = sessionMs - 1;
      history.unknown(ann);
    },
  },
  {
    invariant: 'G6',
    what: 'the former life of a static member is answered',
    act: () => {
      const former = member('eve', 'static');
      history.letIn(former);
      history.letIn(member('eve again', 'static'));
      history.heard(former, nowMs, clock.tick(), undefined);
    },
  },
  { invariant: 'G4', what: 'more is committed than is there', act: () => history.checkFinal('group', 'topic/0', 4n, 3n) },
  {
    invariant: 'G9',
    what: 'more is committed than was polled',
    act: () => {
      history.polled('group', 'topic/0', [0n]);
      history.checkFinal('group', 'topic/0', 2n, 3n);
    },
  },
])('$invariant: $what', ({ invariant, act }) => {
  expect(act).toThrow(`${invariant}:`);
});
