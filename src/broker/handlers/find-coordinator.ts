import { asKafkaError, type ResponseInput } from '#protocol';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type Answer = ResponseInput<typeof findCoordinator>;
type Found = NonNullable<Answer['coordinators']>[number];

const nobody = { nodeId: -1, host: '', port: -1 };

/** FindCoordinator: which broker looks after this group or transactional id? */
export const handleFindCoordinator = handler(
  findCoordinator,
  '0-6',
  (request, context): Answer => {
    const { keyType } = request;
    if (context.apiVersion >= 4)
      return { throttleTimeMs: 0, coordinators: request.coordinatorKeys.map((key) => find(keyType, key, context)) };
    const { key: _key, ...found } = find(keyType, request.key, context);
    return { throttleTimeMs: 0, ...found, errorMessage: context.apiVersion > 0 ? found.errorMessage : null };
  },
  {
    failed: (request, error, apiVersion) =>
      apiVersion < 4
        ? { errorCode: error.errorName, ...nobody }
        : {
            coordinators: request.coordinatorKeys.map((key) => ({
              key,
              ...nobody,
              errorCode: error.errorName,
              errorMessage: error.message,
            })),
          },
  },
);

function find(keyType: number, key: string, context: Context): Found {
  try {
    const { id } = context.coordinators.find(keyType, key, context);
    const { host, port } = context.addressOf(id)!;
    return { key, nodeId: id, host, port, errorCode: 'NONE', errorMessage: null };
  } catch (thrown) {
    const error = asKafkaError(thrown);
    return { key, ...nobody, errorCode: error.errorName, errorMessage: error.message };
  }
}
