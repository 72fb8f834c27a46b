import { describeFaults, describePlan } from '../plan/describe-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { writePlan } from '../plan/plan-file.ts';
import { runPlan } from '../run-plan.ts';
import { shrinkPlan } from '../shrink.ts';
import { report, textOf } from './report.ts';

/** Shrinks a plan that fails and prints what is left: for people, and as JSON that --plan plays. */
export async function runShrink(plan: Plan): Promise<number> {
  const smallest = await shrinkPlan(plan, { note: (what) => process.stderr.write(`${what}\n`) });
  if (smallest === undefined) {
    console.log(`seed ${plan.seed} holds: there is nothing to shrink`);
    return 0;
  }
  const result = await runPlan(smallest);
  report({ ...result, failure: textOf(result.failure) }, 'npm run simulate -- --plan FILE --trace, with the JSON below in FILE');
  console.log('\nthe plan that is left:');
  for (const line of [...describePlan(smallest), ...describeFaults(smallest.faults)]) console.log(line);
  console.log(`\n${writePlan(smallest)}`);
  return 1;
}
