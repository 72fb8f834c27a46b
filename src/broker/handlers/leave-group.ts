import type { ErrorName } from '#protocol';
import { type LeaveGroupRequest, type LeaveGroupResponseInput, leaveGroup } from '#protocol/apis/leave-group.ts';
import { handler } from '../handler.ts';

/** LeaveGroup: these members leave their classic group. */
export const handleLeaveGroup = handler(
  leaveGroup,
  '0-5',
  async (request, context) => {
    const { apiVersion } = context;
    const leavers = apiVersion >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null }];
    const errors = await context.groups.ask(request.groupId, context, (groups, scope) =>
      groups.members.leave(request.groupId, leavers, scope),
    );
    return apiVersion >= 3 ? answer(request, (index) => errors[index]!) : { throttleTimeMs: 0, errorCode: errors[0]!, members: [] };
  },
  {
    failed: (request, error, apiVersion) =>
      apiVersion >= 3 && error.errorName === 'UNKNOWN_MEMBER_ID'
        ? answer(request, () => 'UNKNOWN_MEMBER_ID')
        : { throttleTimeMs: 0, errorCode: error.errorName, members: [] },
  },
);

function answer({ members }: LeaveGroupRequest, errorOf: (index: number) => ErrorName): LeaveGroupResponseInput {
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    members: members.map(({ memberId, groupInstanceId }, index) => ({ memberId, groupInstanceId, errorCode: errorOf(index) })),
  };
}
