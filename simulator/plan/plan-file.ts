import { readFileSync } from 'node:fs';
import type { Plan } from './plan.ts';

/** A plan as text that {@link readPlan} understands: a line per fault, so that faults can be taken out by hand. */
export function writePlan(plan: Plan): string {
  const { faults, ...rest } = plan;
  const lines = faults.map((fault) => `    ${JSON.stringify(fault)}`);
  return `${JSON.stringify(rest, undefined, 2).slice(0, -2)},\n  "faults": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}]\n}\n`;
}

/** @throws Error naming the file, when it is not a plan */
export function readPlan(path: string): Plan {
  const plan = JSON.parse(readFileSync(path, 'utf8')) as Plan;
  for (const part of ['seed', 'topology', 'configuration', 'workload', 'faultMs', 'faults', 'mayLose'] as const) {
    if (plan[part] === undefined) throw new Error(`${path} is no plan: it has no "${part}"`);
  }
  // Plans from before there were others say nothing of it.
  return { ...plan, workload: { ...plan.workload, kind: plan.workload.kind ?? 'records' } };
}
