import type { ResponseInput } from '#protocol';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { handler } from '../handler.ts';

type Answer = ResponseInput<typeof findCoordinator>;

const nobody = { nodeId: -1, host: '', port: -1 };
const why = 'this version serves no consumer groups and no transactions; read by partition instead';

/**
 * FindCoordinator: which broker looks after this group or transactional id? None does in this version. It is served all the same: librdkafka takes a broker
 * without it for one too old for lz4, and its consumers ask even when they are assigned their partitions by hand. They ask again in the background and
 * read on; any lasting error they would hand to the application.
 */
export const handleFindCoordinator = handler(
  findCoordinator,
  '0-6',
  (request, context): Answer => {
    if (context.apiVersion < 4)
      return { throttleTimeMs: 0, errorCode: 'COORDINATOR_NOT_AVAILABLE', errorMessage: context.apiVersion > 0 ? why : null, ...nobody };
    return {
      throttleTimeMs: 0,
      coordinators: request.coordinatorKeys.map((key) => ({ key, ...nobody, errorCode: 'COORDINATOR_NOT_AVAILABLE', errorMessage: why })),
    };
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
