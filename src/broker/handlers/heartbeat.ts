import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { handler } from '../handler.ts';

/** Heartbeat: is this member still in its classic group, and does the group stand still? */
export const handleHeartbeat = handler(heartbeat, '0-4', (request, context) =>
  context.groups.ask(request.groupId, context, (groups, scope) => groups.members.heartbeat(request, scope)),
);
