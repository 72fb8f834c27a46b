import type { Plan } from './plan/plan.ts';
import { type RunResult, runPlan } from './run-plan.ts';
import { Violation } from './violation.ts';

/** How many runs with other dice a smaller plan gets before it counts as harmless: a fault that is left out moves everything after it. */
const triesEach = 3;

export interface ShrinkOptions {
  readonly runPlan?: (plan: Plan) => Promise<Pick<RunResult, 'failure'>>;
  readonly note?: (what: string) => void;
}

/**
 * Finds a smaller plan that fails in the same way: faults are left out by delta debugging (halves, then quarters, ...), then clients, acts and topics
 * one by one, then the time after the last fault. Undefined when the plan does not fail at all.
 */
export async function shrinkPlan(plan: Plan, options: ShrinkOptions = {}): Promise<Plan | undefined> {
  const shrinker = new Shrinker(options);
  return shrinker.shrink(plan);
}

class Shrinker {
  readonly #run: (plan: Plan) => Promise<Pick<RunResult, 'failure'>>;
  readonly #note: (what: string) => void;
  #symptom = '';
  #best!: Plan;

  constructor(options: ShrinkOptions) {
    this.#run = options.runPlan ?? runPlan;
    this.#note = options.note ?? (() => {});
  }

  async shrink(plan: Plan): Promise<Plan | undefined> {
    const { failure } = await this.#run(plan);
    if (failure === undefined) return undefined;
    this.#symptom = symptomOf(failure);
    this.#best = plan;
    this.#note(`${plan.faults.length} faults: ${this.#symptom}`);
    for (let before = -1; before !== sizeOf(this.#best); ) {
      before = sizeOf(this.#best);
      await this.#lessFaults();
      await this.#less(
        (best) => best.workload.clients,
        (best, clients) => withWorkload(best, { clients }),
      );
      await this.#less(
        (best) => best.workload.acts,
        (best, acts) => withWorkload(best, { acts }),
      );
      await this.#less(
        (best) => best.workload.topics.slice(1),
        (best, others) => withWorkload(best, { topics: [best.workload.topics[0]!, ...others] }),
      );
    }
    await this.#lessTime();
    return this.#best;
  }

  /** Zeller's ddmin over the faults. */
  async #lessFaults(): Promise<void> {
    for (let parts = 2; this.#best.faults.length > 0; ) {
      const { faults } = this.#best;
      const size = Math.ceil(faults.length / parts);
      let smaller = false;
      for (let from = 0; from < faults.length && !smaller; from += size) {
        smaller = await this.#try({ ...this.#best, faults: [...faults.slice(0, from), ...faults.slice(from + size)] });
      }
      if (smaller) parts = Math.max(2, parts - 1);
      else if (size <= 1) return;
      else parts = Math.min(faults.length, parts * 2);
    }
  }

  /** Leaves out what can be left out, one at a time. */
  async #less<T>(items: (best: Plan) => readonly T[], without: (best: Plan, left: T[]) => Plan): Promise<void> {
    for (let index = items(this.#best).length - 1; index >= 0; index--) {
      await this.#try(
        without(
          this.#best,
          items(this.#best).filter((_, at) => at !== index),
        ),
      );
    }
  }

  async #lessTime(): Promise<void> {
    const last = this.#best.faults.at(-1)?.atMs ?? 0;
    for (const faultMs of [last + 500, last + 2000, last + 6000]) {
      if (faultMs < this.#best.faultMs && (await this.#try({ ...this.#best, faultMs }))) return;
    }
  }

  async #try(plan: Plan): Promise<boolean> {
    for (let dice = 0; dice < triesEach; dice++) {
      const candidate = { ...plan, seed: plan.seed + dice * 1_000_003 };
      const { failure } = await this.#run(candidate);
      if (failure === undefined || symptomOf(failure) !== this.#symptom) continue;
      this.#best = candidate;
      this.#note(`${candidate.faults.length} faults, ${candidate.workload.clients.length} clients, ${candidate.workload.acts.length} acts`);
      return true;
    }
    return false;
  }
}

function withWorkload(plan: Plan, changed: Partial<Plan['workload']>): Plan {
  return { ...plan, workload: { ...plan.workload, ...changed } };
}

function sizeOf({ faults, workload }: Plan): number {
  return faults.length + workload.clients.length + workload.acts.length + workload.topics.length;
}

/** What makes two failures the same: the invariant, or the words without their numbers. */
function symptomOf(failure: Error): string {
  return failure instanceof Violation ? failure.invariant : failure.message.replaceAll(/\d+/g, '#').slice(0, 80);
}
