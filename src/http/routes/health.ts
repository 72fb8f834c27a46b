import { type Answer, notReady, type RouteContext } from './context.ts';

const alive: Answer = { status: 200, json: '{"status":"alive"}' };

/** GET /healthz: the process answers. */
export async function healthRoute(): Promise<Answer> {
  return alive;
}

/** GET /readyz: the cluster is formed and this broker takes part in it. What others lack is told beside it, and makes this broker no less ready. */
export async function readinessRoute({ router }: RouteContext): Promise<Answer> {
  const { ready, why } = router.readiness();
  if (!ready) throw notReady(why);
  const { trouble = null, ...counts } = router.health();
  const json = JSON.stringify({ status: 'ready', broker: router.nodeId, clusterId: router.clusterId ?? null, trouble, ...counts });
  return { status: 200, json };
}
