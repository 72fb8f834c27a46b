import type { UnregisterBrokerRequest, UnregisterBrokerResponseInput } from '#protocol/apis/unregister-broker.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { viewAfter } from './fencing.ts';
import { recordsWithout } from './partition-records.ts';
import type { ControllerState, Decision } from './state.ts';

/** Forgets a broker that will not come back. One in service has to be stopped first: it would only register again. */
export function unregisterBroker(state: ControllerState, request: UnregisterBrokerRequest): Decision<UnregisterBrokerResponseInput> {
  const broker = state.image.brokers.get(request.brokerId);
  if (broker === undefined) {
    const errorMessage = `no broker ${request.brokerId} is registered`;
    return { records: [], response: { throttleTimeMs: 0, errorCode: 'BROKER_ID_NOT_REGISTERED', errorMessage } };
  }
  if (!broker.fenced) {
    const errorMessage = `broker ${request.brokerId} is in service; stop it first`;
    return { records: [], response: { throttleTimeMs: 0, errorCode: 'INVALID_REQUEST', errorMessage } };
  }
  const unregister: MetadataRecord = { name: 'UnregisterBrokerRecord', value: { brokerId: broker.id, brokerEpoch: broker.epoch } };
  return {
    records: [unregister, ...recordsWithout(viewAfter(state, [unregister]), [broker.id])],
    response: { throttleTimeMs: 0, errorCode: 'NONE', errorMessage: null },
  };
}
