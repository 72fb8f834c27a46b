import { oneOfParameter } from '../input.ts';
import { HttpProblem } from '../problem.ts';
import type { Answer, RouteContext } from './context.ts';

const openMetricsType = 'application/openmetrics-text';

/** GET /metrics, GET /metrics?detail=partition: for Prometheus, in the format that it accepts. */
export async function metricsRoute(query: Readonly<Record<string, unknown>>, accept: string, context: RouteContext): Promise<Answer> {
  const detail = oneOfParameter(query, 'detail', ['partition']);
  const metrics = await context.metrics();
  if (metrics === undefined)
    throw new HttpProblem(404, 'NOT_FOUND', 'This process has no broker in it; its brokers have /metrics of their own.');
  const { contentType, text } = await metrics.read({ detail, format: accept.includes(openMetricsType) ? 'openmetrics' : 'prometheus' });
  return { status: 200, text, contentType };
}
