import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '#platform';
import { type RequestInput, withDefaults, zeroUuid } from '#protocol';
import { fetch } from '#protocol/apis/fetch.ts';
import { type FetchedPartition, type FetchPlan, FetchSessions, type FetchTarget } from './fetch-sessions.ts';

const version = 12;

class World {
  now = 0;
  readonly sessions: FetchSessions;

  constructor(slots?: number) {
    this.sessions = new FetchSessions({
      random: new SeededRandom('sessions'),
      now: () => this.now,
      ...(slots === undefined ? {} : { slots }),
    });
  }

  plan(partitions: readonly number[], options: Partial<RequestInput<typeof fetch>> = {}, apiVersion = version) {
    return this.sessions.plan(requestFor(partitions, options), apiVersion);
  }

  /** @throws when an error is the answer */
  mustPlan(partitions: readonly number[], options: Partial<RequestInput<typeof fetch>> = {}): FetchPlan {
    const plan = this.plan(partitions, options);
    if (typeof plan === 'string') throw new Error(plan);
    return plan;
  }

  start(partitions: readonly number[]): FetchPlan {
    return this.mustPlan(partitions, { sessionEpoch: 0 });
  }
}

function requestFor(partitions: readonly number[], options: Partial<RequestInput<typeof fetch>>) {
  return withDefaults(fetch.request, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: 'orders', partitions: partitions.map((partition) => ({ partition, fetchOffset: 5n, partitionMaxBytes: 100 })) }],
    ...options,
  });
}

function found(target: FetchTarget, changes: Partial<FetchedPartition> = {}): FetchedPartition {
  return {
    partitionIndex: target.partition,
    errorCode: 'NONE',
    highWatermark: 5n,
    logStartOffset: 0n,
    records: Buffer.alloc(0),
    ...changes,
  };
}

/** Answers the fetch and gives the partitions that the answer names. */
function answer(plan: FetchPlan, changes: Record<number, Partial<FetchedPartition>> = {}): number[] {
  const answers = new Map(plan.targets.map((target) => [target, found(target, changes[target.partition])]));
  const named = [...answers].filter(([target, result]) => plan.isNews(target, result)).map(([target]) => target.partition);
  plan.done(answers);
  return named;
}

function partitionsOf(plan: FetchPlan): number[] {
  return plan.targets.map(({ partition }) => partition);
}

describe('a fetch without a session', () => {
  test.each([
    { options: {}, because: 'it does not know of sessions' },
    { options: { sessionEpoch: -1 }, because: 'it wants none' },
    { options: { sessionEpoch: 0, topics: [] }, because: 'it names no partitions' },
  ])('has id 0 and names everything: $because', ({ options }) => {
    const world = new World();
    const plan = world.mustPlan([0, 1], options);

    expect([plan.sessionId, world.sessions.size]).toEqual([0, 0]);
    expect(answer(plan)).toEqual(partitionsOf(plan));
  });
});

describe('an incremental fetch', () => {
  test('fetches all partitions of the session and names those with news only', () => {
    const world = new World();
    const first = world.start([0, 1, 2]);
    expect(answer(first)).toEqual([0, 1, 2]);

    const second = world.mustPlan([], { sessionId: first.sessionId, sessionEpoch: 1 });

    expect(partitionsOf(second)).toEqual([0, 1, 2]);
    expect(answer(second, { 1: { highWatermark: 6n }, 2: { logStartOffset: 1n } })).toEqual([1, 2]);
    expect(
      answer(world.mustPlan([], { sessionId: first.sessionId, sessionEpoch: 2 }), { 1: { highWatermark: 6n }, 2: { logStartOffset: 1n } }),
    ).toEqual([]);
  });

  test('changes a partition that it names, adds others, and drops those that it forgets', () => {
    const world = new World();
    const first = world.start([0, 1]);
    answer(first);

    const second = world.mustPlan([], {
      sessionId: first.sessionId,
      sessionEpoch: 1,
      topics: [
        { topic: 'orders', partitions: [{ partition: 0, fetchOffset: 9n, partitionMaxBytes: 7 }] },
        { topic: 'bills', partitions: [{ partition: 4, fetchOffset: 1n, partitionMaxBytes: 7 }] },
      ],
      forgottenTopicsData: [{ topic: 'orders', partitions: [1] }],
    });

    expect(second.targets.map(({ topic, partition, fetchOffset }) => [topic, partition, fetchOffset])).toEqual([
      ['orders', 0, 9n],
      ['bills', 4, 1n],
    ]);
  });

  test('gives an error each time, and once more the good news after it', () => {
    const world = new World();
    const first = world.start([0]);
    answer(first);
    const next = (sessionEpoch: number) => world.mustPlan([], { sessionId: first.sessionId, sessionEpoch });

    expect(answer(next(1), { 0: { errorCode: 'NOT_LEADER_OR_FOLLOWER' } })).toEqual([0]);
    expect(answer(next(2), { 0: { errorCode: 'NOT_LEADER_OR_FOLLOWER' } })).toEqual([0]);
    expect(answer(next(3))).toEqual([0]);
    expect(answer(next(4))).toEqual([]);
  });

  test('names a partition whose history diverges although nothing else has changed', () => {
    const world = new World();
    const first = world.start([0]);
    answer(first);

    expect(
      answer(world.mustPlan([], { sessionId: first.sessionId, sessionEpoch: 1 }), { 0: { divergingEpoch: { epoch: 1, endOffset: 2n } } }),
    ).toEqual([0]);
  });

  test('tells the high watermark again after an epoch to cut back to: a follower that cuts takes nothing else from that answer (L3)', () => {
    const world = new World();
    const first = world.start([0]);
    answer(first);
    const next = (sessionEpoch: number) => world.mustPlan([], { sessionId: first.sessionId, sessionEpoch });
    const rises = { 0: { highWatermark: 9n } };

    expect(answer(next(1), { 0: { highWatermark: 9n, divergingEpoch: { epoch: 1, endOffset: 2n } } })).toEqual([0]);
    expect(answer(next(2), rises)).toEqual([0]);
    expect(answer(next(3), rises)).toEqual([]);
  });

  test('begins with the partitions whose turn it is: those that gave records come last', () => {
    const world = new World();
    const first = world.start([0, 1, 2]);
    const full = { records: Buffer.from('records') };
    answer(first, { 0: full });

    const second = world.mustPlan([], { sessionId: first.sessionId, sessionEpoch: 1 });
    expect(partitionsOf(second)).toEqual([1, 2, 0]);
    answer(second, { 1: full, 2: full });

    expect(partitionsOf(world.mustPlan([], { sessionId: first.sessionId, sessionEpoch: 2 }))).toEqual([0, 1, 2]);
  });

  test.each([
    { change: { sessionId: 12345 }, expected: 'FETCH_SESSION_ID_NOT_FOUND' },
    { change: { sessionEpoch: 2 }, expected: 'INVALID_FETCH_SESSION_EPOCH' },
    { change: { sessionEpoch: 7 }, expected: 'INVALID_FETCH_SESSION_EPOCH' },
  ])('with $change is answered $expected, and the session goes on', ({ change, expected }) => {
    const world = new World();
    const { sessionId } = world.start([0]);

    expect(world.plan([], { sessionId, sessionEpoch: 1, ...change })).toBe(expected);
    expect(typeof world.plan([], { sessionId, sessionEpoch: 1 })).toBe('object');
  });

  test('of an epoch that was answered already is refused: its answer was lost', () => {
    const world = new World();
    const { sessionId } = world.start([0]);
    answer(world.mustPlan([], { sessionId, sessionEpoch: 1 }));

    expect(world.plan([], { sessionId, sessionEpoch: 1 })).toBe('INVALID_FETCH_SESSION_EPOCH');
  });

  test.each([
    { before: 12, after: 13 },
    { before: 13, after: 12 },
  ])('may not change from version $before to $after: topics are named in another way', ({ before, after }) => {
    const world = new World();
    const { sessionId } = world.plan([0], { sessionEpoch: 0 }, before) as FetchPlan;

    expect(world.plan([], { sessionId, sessionEpoch: 1 }, after)).toBe('FETCH_SESSION_TOPIC_ID_ERROR');
  });
});

describe('the end of a session', () => {
  test.each([-1, 0])('comes with a full fetch of epoch %i that names it', (sessionEpoch) => {
    const world = new World();
    const { sessionId } = world.start([0]);

    const plan = world.mustPlan([0], { sessionId, sessionEpoch });

    expect(world.sessions.size).toBe(sessionEpoch === 0 ? 1 : 0);
    expect(plan.sessionId).not.toBe(sessionId);
    expect(world.plan([], { sessionId, sessionEpoch: 1 })).toBe('FETCH_SESSION_ID_NOT_FOUND');
  });

  test('comes when it has no partitions left', () => {
    const world = new World();
    const { sessionId } = world.start([0]);

    const plan = world.mustPlan([], {
      sessionId,
      sessionEpoch: 1,
      topics: [],
      forgottenTopicsData: [{ topic: 'orders', partitions: [0] }],
    });

    expect([plan.sessionId, plan.targets, world.sessions.size]).toEqual([0, [], 0]);
  });
});

describe('the number of sessions', () => {
  test('is limited; whoever comes too late fetches without one', () => {
    const world = new World(2);
    world.start([0]);
    world.start([0]);

    expect([world.start([0]).sessionId, world.sessions.size]).toEqual([0, 2]);
  });

  test('leaves room by ending the one that was idle longest, after two minutes', () => {
    const world = new World(2);
    const first = world.start([0]);
    const second = world.start([0]);
    world.now = 100_000;
    world.mustPlan([], { sessionId: first.sessionId, sessionEpoch: 1 });
    world.now = 120_000;

    expect(world.start([0]).sessionId).toBeGreaterThan(0);

    expect(world.plan([], { sessionId: second.sessionId, sessionEpoch: 1 })).toBe('FETCH_SESSION_ID_NOT_FOUND');
    expect(typeof world.plan([], { sessionId: first.sessionId, sessionEpoch: 2 })).toBe('object');
  });

  test('of partitions in a session is limited as well', () => {
    const world = new World();
    const many = Array.from({ length: 20_001 }, (_, i) => i);

    expect(world.start(many).sessionId).toBe(0);
    const { sessionId } = world.start(many.slice(0, 20_000));
    expect(world.plan([20_000], { sessionId, sessionEpoch: 1 })).toBe('FETCH_SESSION_ID_NOT_FOUND');
    expect(world.sessions.size).toBe(0);
  });
});

test('topics are told apart by their id where they are named by it', () => {
  const world = new World();
  const topics = ['b3JkZXJzLW9yZGVycy1vcg', 'YmlsbHMtYmlsbHMtYmlsbA'].map((topicId) => ({
    topicId,
    partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 }],
  }));
  const plan = world.sessions.plan(requestFor([], { topics, sessionEpoch: 0 }), 13) as FetchPlan;

  expect(plan.targets.map(({ topicId }) => topicId === zeroUuid)).toEqual([false, false]);
  const next = world.sessions.plan(requestFor([], { topics: [], sessionId: plan.sessionId, sessionEpoch: 1 }), 13) as FetchPlan;
  expect(next.targets).toHaveLength(2);
});

test('whatever happens, what the client was told of its partitions is what is so', () => {
  const step = fc.record({
    changes: fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.bigInt(0n, 3n), { maxKeys: 3 }),
    add: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    forget: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const world = new World();
      const truth = new Map<number, bigint>([0, 1, 2, 3].map((partition) => [partition, 0n]));
      const told = new Map<number, bigint>();
      const hear = (plan: FetchPlan) => {
        const answers = new Map(plan.targets.map((target) => [target, found(target, { highWatermark: truth.get(target.partition)! })]));
        for (const [target, result] of answers) if (plan.isNews(target, result)) told.set(target.partition, result.highWatermark);
        plan.done(answers);
      };
      const first = world.start([0, 1, 2]);
      hear(first);
      const wanted = new Set([0, 1, 2]);
      for (const [index, { changes, add, forget }] of steps.entries()) {
        for (const [partition, highWatermark] of Object.entries(changes)) truth.set(Number(partition), highWatermark);
        for (const partition of add) wanted.add(partition);
        for (const partition of forget) {
          wanted.delete(partition);
          told.delete(partition);
        }
        if (wanted.size === 0) return;
        hear(
          world.mustPlan(add, {
            sessionId: first.sessionId,
            sessionEpoch: index + 1,
            forgottenTopicsData: [{ topic: 'orders', partitions: forget }],
          }),
        );
        for (const partition of wanted) expect(told.get(partition)).toBe(truth.get(partition));
      }
    }),
  );
});
