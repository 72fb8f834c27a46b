import assert from 'node:assert/strict';
import type { AllocateProducerIdsRequest, AllocateProducerIdsResponseInput } from '#protocol/apis/allocate-producer-ids.ts';
import type { ControllerState, Decision } from './state.ts';

/** How many producer ids a broker gets at once. */
export const producerIdBlockSize = 1000;
const lastProducerId = 2n ** 63n - 1n;

/** Sets a block of producer ids aside for a broker, for good: what it does not use is lost, never given to another (I5). */
export function allocateProducerIds(
  state: ControllerState,
  request: AllocateProducerIdsRequest,
): Decision<AllocateProducerIdsResponseInput> {
  const refuse = (errorCode: 'BROKER_ID_NOT_REGISTERED' | 'STALE_BROKER_EPOCH') => ({
    records: [],
    response: { throttleTimeMs: 0, errorCode, producerIdStart: 0n, producerIdLen: 0 },
  });
  const broker = state.image.brokers.get(request.brokerId);
  if (broker === undefined) return refuse('BROKER_ID_NOT_REGISTERED');
  if (broker.epoch !== request.brokerEpoch) return refuse('STALE_BROKER_EPOCH');
  const start = state.image.nextProducerId;
  const nextProducerId = start + BigInt(producerIdBlockSize);
  assert(nextProducerId <= lastProducerId, 'all producer ids are used up');
  return {
    records: [{ name: 'ProducerIdsRecord', value: { brokerId: broker.id, brokerEpoch: broker.epoch, nextProducerId } }],
    response: { throttleTimeMs: 0, errorCode: 'NONE', producerIdStart: start, producerIdLen: producerIdBlockSize },
  };
}
