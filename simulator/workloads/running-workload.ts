import type { SimulatedClient } from '../clients/simulated-client.ts';
import type { Plan } from '../plan/plan.ts';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import type { Timeline } from '../timeline.ts';

/** What the clients of a run do, and what has to be true of it in the end. */
export interface RunningWorkload {
  /** What was acknowledged to clients, and what they read. */
  readonly acknowledgedCount: number;
  readonly readCount: number;
  /** The clients begin. Each promise settles when its client has been stopped. */
  start(): readonly Promise<void>[];
  /** No more faults from now on; the clients still work. */
  healed(): void;
  /** Some seconds after that: what has to come to rest by itself. */
  comeToRest(): Promise<void>;
  /** The clients have stopped, all replicas are the same: everything as it was acknowledged. Called again after a restart of all brokers. */
  verify(): Promise<void>;
}

/** What a run offers to its workload. */
export interface Stage {
  readonly plan: Plan;
  readonly cluster: SimulatedCluster;
  readonly timeline: Timeline;
  /** A client on a host of its own; one that is to be of use to the end is not stopped with the others. */
  client(name: string, options?: { readonly staysToTheEnd?: boolean }): SimulatedClient;
  /** Runs the world until the promise is settled. @throws Violation of `invariant` when that takes too long */
  settle<T>(work: Promise<T>, invariant: string, otherwise: string | (() => string)): Promise<T>;
  /** Runs the world until it holds. @throws Violation of `invariant` when that takes too long */
  until(invariant: string, otherwise: string | (() => string), holds: () => boolean): Promise<void>;
  pass(ms: number): Promise<void>;
}
