import { asKafkaError } from '#protocol';
import { deleteGroups } from '#protocol/apis/delete-groups.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

/** DeleteGroups: remove these groups and their offsets. Only groups without members can be. */
export const handleDeleteGroups = handler(
  deleteGroups,
  '0-3',
  async (request, context) => ({
    throttleTimeMs: 0,
    results: await Promise.all([...new Set(request.groupsNames)].map((groupId) => remove(groupId, context))),
  }),
  {
    failed: (request, error) => ({
      throttleTimeMs: 0,
      results: request.groupsNames.map((groupId) => ({ groupId, errorCode: error.errorName, errorMessage: error.message })),
    }),
  },
);

async function remove(groupId: string, context: Context) {
  try {
    await context.groups.ask(groupId, context, (groups, scope) => groups.deleteGroup(groupId, scope));
    return { groupId, errorCode: 'NONE' as const, errorMessage: null };
  } catch (error) {
    const { errorName, message } = asKafkaError(error);
    return { groupId, errorCode: errorName, errorMessage: message };
  }
}
