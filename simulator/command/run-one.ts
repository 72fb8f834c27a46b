import type { Plan } from '../plan/plan.ts';
import { runPlan } from '../run-plan.ts';
import { report, textOf } from './report.ts';

/** Runs one plan and tells how it went. */
export async function runOne(plan: Plan, { trace, again }: { trace: boolean; again: string }): Promise<number> {
  const startedMs = Date.now();
  const result = await runPlan(plan, { trace: trace ? (line) => console.log(line) : undefined });
  report({ ...result, failure: textOf(result.failure) }, `${again} --trace`, trace ? 0 : 80);
  console.log(`${((Date.now() - startedMs) / 1000).toFixed(2)} s`);
  return result.failure === undefined ? 0 : 1;
}
