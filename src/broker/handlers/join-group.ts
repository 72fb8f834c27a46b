import type { Caller } from '#coordinators';
import { type JoinGroupResponseInput, joinGroup } from '#protocol/apis/join-group.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

/** JoinGroup: may this member take part in the next generation of a classic group? It is answered when all others have asked, too. */
export const handleJoinGroup = handler(
  joinGroup,
  '0-9',
  async (request, context) => {
    const { apiVersion } = context;
    const caller = callerOf(context);
    const answer = await context.groups.ask(request.groupId, context, (groups, scope) =>
      groups.members.join(request, caller, apiVersion, scope),
    );
    return forVersion(answer, apiVersion);
  },
  {
    failed: (request, error, apiVersion) =>
      forVersion(
        {
          throttleTimeMs: 0,
          errorCode: error.errorName,
          generationId: -1,
          protocolName: null,
          leader: '',
          memberId: request.memberId,
          members: [],
        },
        apiVersion,
      ),
  },
);

/** Older versions have no word for "no protocol". */
function forVersion(answer: JoinGroupResponseInput, apiVersion: number): JoinGroupResponseInput {
  return apiVersion >= 7 ? answer : { ...answer, protocolName: answer.protocolName ?? '' };
}

export function callerOf({ clientId, remote }: Pick<Context, 'clientId' | 'remote'>): Caller {
  return { clientId: clientId ?? '', clientHost: `/${remote?.host ?? ''}` };
}
