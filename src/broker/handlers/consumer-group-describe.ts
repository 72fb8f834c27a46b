import { asKafkaError, type KafkaError } from '#protocol';
import { type ConsumerGroupDescribeResponseInput, consumerGroupDescribe } from '#protocol/apis/consumer-group-describe.ts';
import { groupOperations, noOperations } from '../authorized-operations.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { checkGroupVersion } from './consumer-group-heartbeat.ts';

type Described = ConsumerGroupDescribeResponseInput['groups'][number];

/** ConsumerGroupDescribe: what state are these consumer groups in, and who are their members? */
export const handleConsumerGroupDescribe = handler(
  consumerGroupDescribe,
  '0-1',
  async (request, context) => {
    checkGroupVersion(context);
    const groups = await Promise.all(request.groupIds.map((groupId) => describe(groupId, context)));
    const authorizedOperations = request.includeAuthorizedOperations ? groupOperations : noOperations;
    return { throttleTimeMs: 0, groups: groups.map((group) => ({ ...group, authorizedOperations })) };
  },
  { failed: (request, error) => ({ throttleTimeMs: 0, groups: request.groupIds.map((groupId) => failed(groupId, error)) }) },
);

async function describe(groupId: string, context: Context): Promise<Described> {
  try {
    const found = await context.groups.ask(groupId, context, (groups) => groups.describeConsumerGroup(groupId));
    return { errorCode: 'NONE', errorMessage: null, groupId, ...found };
  } catch (error) {
    return failed(groupId, asKafkaError(error));
  }
}

function failed(groupId: string, { errorName, message }: KafkaError): Described {
  return {
    errorCode: errorName,
    errorMessage: message,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  };
}
