import { KafkaError, type ResponseInput } from '#protocol';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { handler } from '../handler.ts';

/** InitProducerId: under which id and epoch may I produce idempotently? */
export const handleInitProducerId = handler(
  initProducerId,
  '0-5',
  async (request, context): Promise<ResponseInput<typeof initProducerId>> => {
    const { transactionalId, producerId, producerEpoch } = request;
    if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'a transactional id has at least one character');
    if (transactionalId !== null) {
      throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'this version has no transactions; leave transactional.id unset');
    }
    if (!context.may('idempotent-write', '')) throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED');
    if (producerId >= 0n !== producerEpoch >= 0) {
      throw new KafkaError('INVALID_REQUEST', `producer id ${producerId} and epoch ${producerEpoch}: either both are known or none`);
    }
    // Nobody remembers which ids are in use, so a producer that names its id to have the epoch raised (KIP-360) gets another id, as from
    // Apache Kafka. It raises the epoch of an id that is its own by itself; to confirm any id it names would give one twice (I5).
    return { throttleTimeMs: 0, errorCode: 'NONE', producerId: await context.producerIds.next(), producerEpoch: 0 };
  },
  { failed: (_, error) => ({ throttleTimeMs: 0, errorCode: error.errorName, producerId: -1n, producerEpoch: -1 }) },
);
