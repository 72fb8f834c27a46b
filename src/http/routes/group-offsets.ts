import {
  carryOutReset,
  commitAsNobody,
  deleteOffsets,
  nameOf,
  overviewAsJson,
  overviewOf,
  partitionsIn,
  planReset,
  type ResetScope,
} from '#client';
import { offsetsIn, resetIn } from '../group-input.ts';
import { integerParameter, parseBody, textParameter } from '../input.ts';
import { HttpProblem, problemOfErrorName } from '../problem.ts';
import type { Answer, RouteContext } from './context.ts';
import { withCluster } from './groups.ts';

type Query = Readonly<Record<string, unknown>>;

/** GET /groups/{group}/offsets: how far it has come in each partition, and how far behind it is. */
export function groupOffsetsRoute(group: string, context: RouteContext): Promise<Answer> {
  return withCluster(context, async (cluster) => overviewAsJson(await overviewOf(cluster, group)));
}

/** PUT /groups/{group}/offsets {"offsets":[{"topic":"test","partition":0,"offset":7}]}: all of them or, where one is not there, none. */
export async function commitOffsetsRoute(group: string, bytes: Buffer, context: RouteContext): Promise<Answer> {
  const offsets = offsetsIn(parseBody(bytes));
  return withCluster(context, async (cluster) => {
    await partitionsIn(
      cluster,
      group,
      offsets.map(({ topic, partition }) => ({ topic, partitions: [partition] })),
    );
    await commitAsNobody(cluster, group, offsets);
    return { status: 'committed' };
  });
}

/** POST /groups/{group}/offsets/reset {"topics":["test"],"to":"earliest","dryRun":false}: without dryRun it only shows what would change. */
export async function resetOffsetsRoute(group: string, bytes: Buffer, context: RouteContext): Promise<Answer> {
  const { scope, target, isDryRun } = resetIn(parseBody(bytes), context.clock.now());
  return withCluster(context, async (cluster) => {
    const offsets = await planReset(cluster, group, await partitionsIn(cluster, group, scope), target);
    if (!isDryRun && offsets.length > 0) await carryOutReset(cluster, group, offsets);
    return { group, dryRun: isDryRun, offsets };
  });
}

/** DELETE /groups/{group}/offsets?topic=test, or &partition=0 for one of its partitions. */
export async function deleteOffsetsRoute(group: string, query: Query, context: RouteContext): Promise<Answer> {
  const topic = textParameter(query, 'topic');
  const partitions = query['partition'] === undefined ? 'all' : [Number(integerParameter(query, 'partition'))];
  const scope: ResetScope = [{ topic, partitions }];
  return withCluster(context, async (cluster) => {
    const outcomes = await deleteOffsets(cluster, group, await partitionsIn(cluster, group, scope));
    const refused = outcomes.find(({ errorCode }) => errorCode !== 'NONE');
    if (refused?.errorCode === 'GROUP_SUBSCRIBED_TO_TOPIC')
      throw new HttpProblem(409, 'GROUP_SUBSCRIBED_TO_TOPIC', `Members of group ${group} are reading ${topic}: stop them first.`);
    if (refused !== undefined) throw problemOfErrorName(refused.errorCode, 'write', `The offset of ${nameOf(refused)} was not deleted.`);
    return { status: 'deleted' };
  });
}
