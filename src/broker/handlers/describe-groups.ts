import { asKafkaError, type KafkaError } from '#protocol';
import { type DescribeGroupsResponseInput, describeGroups } from '#protocol/apis/describe-groups.ts';
import { groupOperations, noOperations } from '../authorized-operations.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type Described = DescribeGroupsResponseInput['groups'][number];

/** DescribeGroups: what state are these classic groups in, and who are their members? */
export const handleDescribeGroups = handler(
  describeGroups,
  '0-6',
  async (request, context) => {
    const groups = await Promise.all(request.groups.map((groupId) => describe(groupId, context)));
    const authorizedOperations = request.includeAuthorizedOperations ? groupOperations : noOperations;
    return { throttleTimeMs: 0, groups: groups.map((group) => ({ ...group, authorizedOperations })) };
  },
  {
    failed: (request, error, apiVersion) => ({
      throttleTimeMs: 0,
      groups: request.groups.map((groupId) => failed(groupId, error, apiVersion)),
    }),
  },
);

async function describe(groupId: string, context: Context): Promise<Described> {
  try {
    const { members, ...found } = await context.groups.ask(groupId, context, (groups) => groups.describeGroup(groupId));
    return { errorCode: 'NONE', errorMessage: null, groupId, ...found, members: [...members] };
  } catch (thrown) {
    const error = asKafkaError(thrown);
    // Older clients know a group that is not there as one that is dead.
    if (error.errorName === 'GROUP_ID_NOT_FOUND' && context.apiVersion < 6)
      return { ...failed(groupId, error, context.apiVersion), errorCode: 'NONE', groupState: 'Dead' };
    return failed(groupId, error, context.apiVersion);
  }
}

function failed(groupId: string, { errorName, message }: KafkaError, apiVersion: number): Described {
  const errorMessage = apiVersion >= 6 ? message : null;
  const groupState = errorName === 'GROUP_ID_NOT_FOUND' ? 'Dead' : '';
  return { errorCode: errorName, errorMessage, groupId, groupState, protocolType: '', protocolData: '', members: [] };
}
