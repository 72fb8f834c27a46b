import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { damagingKinds } from '../faults/fault.ts';
import { drawPlan } from './draw-plan.ts';
import { groupClientKinds, transactionClientKinds } from './plan.ts';
import { readPlan, writePlan } from './plan-file.ts';

const plans = Array.from({ length: 300 }, (_, seed) => drawPlan(seed));

test('an equal seed gives an equal plan', () => {
  expect(drawPlan(42)).toEqual(drawPlan(42));
});

test('a plan comes back from a file as it was written', () => {
  const directory = mkdtempSync(join(tmpdir(), 'plan-'));
  try {
    for (const plan of plans.slice(0, 20)) {
      writeFileSync(join(directory, 'plan.json'), writePlan(plan));
      expect(readPlan(join(directory, 'plan.json'))).toEqual(plan);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('there are clusters of every size, and every kind of fault and client', () => {
  expect(new Set(plans.map(({ topology }) => topology.brokers.length))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  expect(new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind))).size).toBe(29);
  expect(new Set(plans.flatMap(({ workload }) => workload.clients.map(({ kind }) => kind))).size).toBe(8);
});

test('a disk is damaged on one broker only, and where all that is acknowledged lies on two', () => {
  const damaging = plans.filter(({ faults }) => faults.some(({ kind }) => damagingKinds.includes(kind)));

  expect(damaging.length).toBeGreaterThan(5);
  for (const { faults, workload } of damaging) {
    const victims = faults.flatMap((fault) => (damagingKinds.includes(fault.kind) && 'broker' in fault ? [fault.broker] : []));
    expect(new Set(victims).size).toBe(1);
    for (const { replicationFactor, configs } of workload.topics) {
      expect(replicationFactor).toBeGreaterThanOrEqual(3);
      expect(Number(configs['min.insync.replicas'] ?? 2)).toBeGreaterThanOrEqual(2);
    }
  }
});

test('a plan from before there were other workloads is one of records', () => {
  const directory = mkdtempSync(join(tmpdir(), 'plan-'));
  try {
    const [plan] = plans;
    const { kind: _, ...workload } = plan!.workload;
    writeFileSync(join(directory, 'plan.json'), JSON.stringify({ ...plan, workload }));
    expect(readPlan(join(directory, 'plan.json'))).toEqual(plan);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each([
  { workload: 'transactions', kinds: transactionClientKinds },
  { workload: 'groups', kinds: groupClientKinds },
] as const)('plans of $workload have every kind of client, on three brokers, and clocks that jump only where offsets expire', ({
  workload,
  kinds,
}) => {
  const drawn = Array.from({ length: 200 }, (_, seed) => drawPlan(seed, workload));

  expect(new Set(drawn.flatMap((plan) => plan.workload.clients.map(({ kind }) => kind)))).toEqual(new Set(kinds));
  expect(drawPlan(42, workload)).toEqual(drawPlan(42, workload));
  for (const { topology, faults, configuration, mayLose } of drawn) {
    expect(topology.brokers).toHaveLength(3);
    expect(mayLose).toBe(false);
    const jumps = faults.some(({ kind }) => kind === 'clock-jump');
    if (jumps) expect(configuration.properties).toHaveProperty(['offsets.retention.minutes']);
  }
});
