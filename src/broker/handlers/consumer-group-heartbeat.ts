import { KafkaError } from '#protocol';
import { consumerGroupHeartbeat } from '#protocol/apis/consumer-group-heartbeat.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { callerOf } from './join-group.ts';

/** ConsumerGroupHeartbeat: a member of a consumer group (KIP-848) tells what it wants and has, and is told what it is to read. */
export const handleConsumerGroupHeartbeat = handler(
  consumerGroupHeartbeat,
  '0-1',
  (request, context) => {
    checkGroupVersion(context);
    const { apiVersion } = context;
    const caller = callerOf(context);
    return context.groups.ask(request.groupId, context, (groups, scope) =>
      groups.members.consumerGroupHeartbeat(request, caller, apiVersion, scope),
    );
  },
  {
    failed: (_, error) => ({
      throttleTimeMs: 0,
      errorCode: error.errorName,
      errorMessage: error.message,
      memberId: null,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
      assignment: null,
    }),
  },
);

/** @throws KafkaError UNSUPPORTED_VERSION while the cluster's group.version does not allow consumer groups */
export function checkGroupVersion({ image }: Pick<Context, 'image'>): void {
  if ((image.features.get('group.version') ?? 0) < 1)
    throw new KafkaError('UNSUPPORTED_VERSION', 'consumer groups need group.version 1; it can be raised with UpdateFeatures');
}
