import { expect, test } from 'vitest';
import type { Fault } from './faults/fault.ts';
import { drawPlan } from './plan/draw-plan.ts';
import type { Plan } from './plan/plan.ts';
import { shrinkPlan } from './shrink.ts';
import { Violation } from './violation.ts';

const kill = (atMs: number, broker: string): Fault => ({ atMs, kind: 'kill', broker, downMs: 100 });
const many: Plan = {
  ...drawPlan(1),
  faultMs: 60_000,
  faults: Array.from({ length: 40 }, (_, index) => kill(index * 1000, `broker-${index % 5}`)),
};

test('what is left of many faults are the two that it takes, and nothing that clients and administrators do', async () => {
  const needed = (plan: Plan) => plan.faults.some(({ atMs }) => atMs === 7000) && plan.faults.some(({ atMs }) => atMs === 31_000);

  const smallest = await shrinkPlan(many, {
    runPlan: async (plan) => ({ failure: needed(plan) ? new Violation('P1', 'a record is gone') : undefined }),
  });

  expect(smallest!.faults.map(({ atMs }) => atMs)).toEqual([7000, 31_000]);
  expect([smallest!.workload.clients, smallest!.workload.acts, smallest!.workload.topics.length]).toEqual([[], [], 1]);
  expect(smallest!.faultMs).toBe(31_500);
});

test('another failure than the first does not count', async () => {
  const smallest = await shrinkPlan(many, {
    runPlan: async ({ faults }) => ({ failure: new Violation(faults.length === 40 ? 'P1' : 'L1', 'it fails otherwise') }),
  });

  expect(smallest!.faults).toHaveLength(40);
});

test('a plan that fails under some dice only is tried with others', async () => {
  let runs = 0;
  const smallest = await shrinkPlan(many, {
    runPlan: async () => ({ failure: runs++ % 3 === 0 ? new Violation('P1', 'now and then') : undefined }),
  });

  expect(smallest!.faults).toEqual([]);
});

test('a plan that holds is not shrunk', async () => {
  expect(await shrinkPlan(many, { runPlan: async () => ({ failure: undefined }) })).toBeUndefined();
});
