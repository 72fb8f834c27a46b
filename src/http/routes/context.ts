import type { RequestRouter } from '#broker';
import type { Metrics } from '#metrics';
import type { Clock } from '#platform';
import type { MessageProducer } from '../message-producer.ts';
import type { MessageReader } from '../message-reader.ts';
import type { Patience } from '../patience.ts';
import { HttpProblem } from '../problem.ts';

/** All that a route can touch. */
export interface RouteContext {
  readonly router: RequestRouter;
  readonly clock: Clock;
  readonly producer: MessageProducer;
  readonly reader: MessageReader;
  readonly patience: Patience;
  /** How long a request that comes before the cluster is ready waits for it. */
  readonly readyWaitMs: number;
  /** Those of the broker in this process, made when they are first asked for; undefined where there is none. */
  metrics(): Promise<Metrics | undefined>;
}

/** An answer whose body, if any, is JSON text, or text of another type. */
export interface Answer {
  readonly status: number;
  readonly json?: string;
  readonly text?: string;
  readonly contentType?: string;
}

/** Lets a request wait for a cluster that is forming. @throws HttpProblem 503 with the reason, when it takes too long */
export async function untilReady({ router, readyWaitMs }: RouteContext): Promise<void> {
  if (router.readiness().ready || (await router.whenReady(readyWaitMs))) return;
  throw notReady(router.readiness().why);
}

/** 503 with the reason. */
export function notReady(why: string): HttpProblem {
  return new HttpProblem(503, 'NOT_READY', why);
}
