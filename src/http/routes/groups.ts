import { type Cluster, deleteGroup, describeGroup, exactJson, groupAsJson, listAllGroups } from '#client';
import { NetworkError } from '#platform';
import { problemOfThrown } from '../problem.ts';
import { RouterCluster } from '../router-cluster.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** GET /groups: all groups with their kind, state and number of members. */
export function listGroupsRoute(context: RouteContext): Promise<Answer> {
  return withCluster(context, async (cluster) => {
    const groups = await listAllGroups(cluster);
    const shown = groups.map(({ groupId, type, state, members, coordinator, protocolType }) => ({
      group: groupId,
      type,
      state,
      members,
      coordinator,
      protocol: protocolType || null,
    }));
    return { groups: shown };
  });
}

/** GET /groups/{group}: its state and its members. */
export function describeGroupRoute(group: string, context: RouteContext): Promise<Answer> {
  return withCluster(context, async (cluster) => groupAsJson(await describeGroup(cluster, group)));
}

/** DELETE /groups/{group}: forgets it and all that it has committed. */
export function deleteGroupRoute(group: string, context: RouteContext): Promise<Answer> {
  return withCluster(context, async (cluster) => {
    await deleteGroup(cluster, group);
    return { status: 'deleted' };
  });
}

/** Asks the coordinators and leaders of this broker's cluster. @throws HttpProblem for all that they refuse, or cannot do now */
export async function withCluster(context: RouteContext, ask: (cluster: Cluster) => Promise<object>): Promise<Answer> {
  await untilReady(context);
  const { router, clock, patience } = context;
  try {
    const answer = await ask(new RouterCluster({ router, clock, patienceMs: patience.leaderMs }));
    return { status: 200, json: exactJson(answer) };
  } catch (error) {
    // What is thrown for a connection is a change of which the outcome is not known, or ECONNREFUSED: nothing was done.
    throw problemOfThrown(error, error instanceof NetworkError ? 'write' : 'read', 'the coordinator of the group');
  }
}
