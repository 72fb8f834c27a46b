import { SimulatedWorld } from '#platform';
import { describePlan } from './plan/describe-plan.ts';
import { drawPlan } from './plan/draw-plan.ts';
import type { Plan, WorkloadKind } from './plan/plan.ts';
import { PlanRun } from './plan-run.ts';
import { timelineLogger } from './simulated-cluster.ts';
import { Timeline } from './timeline.ts';

export interface RunOptions {
  /** Print what happens as it happens, with the brokers' log lines. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** How a run of one plan went. */
export interface RunResult {
  readonly seed: number;
  readonly failure: Error | undefined;
  readonly timeline: readonly string[];
  readonly virtualMs: number;
  readonly events: number;
  /** Equal for equal plans and equal code. */
  readonly digest: number;
  readonly acknowledged: number;
  readonly read: number;
  readonly elections: number;
}

export function runSeed(seed: number, options: RunOptions & { readonly workload?: WorkloadKind } = {}): Promise<RunResult> {
  return runPlan(drawPlan(seed, options.workload), options);
}

/**
 * Plays a plan: brokers form a cluster, clients create, delete, write and read while things go wrong; then all is healed, everything must work again, and
 * everything that was acknowledged must be there; then all brokers are restarted at once, and it must be there still.
 */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  // Node loads what is imported in its own time, which must not happen in the middle of ours.
  await import('../src/http/application.ts');
  let timeline: Timeline | undefined;
  const world = new SimulatedWorld({
    seed: plan.seed,
    disk: { syncDelay: { minMs: 0.2, meanMs: plan.configuration.syncMs } },
    log: (name) => timelineLogger(name, () => timeline!, options.trace === undefined ? 'warn' : 'debug'),
  });
  timeline = new Timeline(() => world.nowMs, options.trace);
  for (const line of describePlan(plan)) timeline.note(line);
  const run = new PlanRun(plan, world, timeline);
  let failure: Error | undefined;
  const unheard = (error: unknown) => run.fail(error);
  process.on('unhandledRejection', unheard);
  try {
    await run.all();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    timeline.note(`FAILED ${failure.message}`);
  }
  run.close();
  process.off('unhandledRejection', unheard);
  return {
    seed: plan.seed,
    failure,
    timeline: failure === undefined && options.trace === undefined ? [] : timeline.lines,
    virtualMs: world.nowMs,
    events: world.eventCount,
    digest: world.digest,
    acknowledged: run.workload.acknowledgedCount,
    read: run.workload.readCount,
    elections: run.elections,
  };
}
