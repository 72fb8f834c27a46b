import { syncGroup } from '#protocol/apis/sync-group.ts';
import { handler } from '../handler.ts';

/** SyncGroup: what is this member to read? The leader of the generation brings the answer for all. */
export const handleSyncGroup = handler(
  syncGroup,
  '0-5',
  (request, context) => context.groups.ask(request.groupId, context, (groups, scope) => groups.members.sync(request, scope)),
  { failed: (_, error) => ({ throttleTimeMs: 0, errorCode: error.errorName, assignment: Buffer.alloc(0) }) },
);
