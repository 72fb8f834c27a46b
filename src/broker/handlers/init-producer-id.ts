import { KafkaError, type ResponseInput } from '#protocol';
import { type InitProducerIdRequest, initProducerId } from '#protocol/apis/init-producer-id.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { toldTo } from './transactions.ts';

type Answer = ResponseInput<typeof initProducerId>;

const nobody = { producerId: -1n, producerEpoch: -1 };

/** InitProducerId: under which id and epoch may I produce idempotently, or in transactions? */
export const handleInitProducerId = handler(
  initProducerId,
  '0-5',
  async (request, context): Promise<Answer> => {
    const { transactionalId, producerId, producerEpoch } = request;
    if (producerId >= 0n !== producerEpoch >= 0) {
      throw new KafkaError('INVALID_REQUEST', `producer id ${producerId} and epoch ${producerEpoch}: either both are known or none`);
    }
    if (transactionalId !== null) return ofTransactionalId(transactionalId, request, context);
    if (!context.may('idempotent-write', '')) throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED');
    // Nobody remembers which ids are in use, so a producer that names its id to have the epoch raised (KIP-360) gets another id, as from
    // Apache Kafka. It raises the epoch of an id that is its own by itself; to confirm any id it names would give one twice (I5).
    return { throttleTimeMs: 0, errorCode: 'NONE', producerId: await context.producerIds.next(), producerEpoch: 0 };
  },
  { failed: (_, error) => ({ throttleTimeMs: 0, errorCode: error.errorName, ...nobody }) },
);

async function ofTransactionalId(transactionalId: string, request: InitProducerIdRequest, context: Context): Promise<Answer> {
  if (transactionalId === '') throw new KafkaError('INVALID_REQUEST', 'a transactional id has at least one character');
  if (!context.may('write', transactionalId)) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  const { producerId, producerEpoch, transactionTimeoutMs: timeoutMs } = request;
  const known = producerId >= 0n ? { producerId, producerEpoch } : undefined;
  const { errorCode, producer = nobody } = await toldTo(
    4,
    context,
    context.transactions.initProducerId({ transactionalId, timeoutMs, known }),
  );
  return { throttleTimeMs: 0, errorCode, ...producer };
}
