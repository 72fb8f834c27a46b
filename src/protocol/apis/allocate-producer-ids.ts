import {
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
} from '../schema/index.ts';

/** AllocateProducerIds: A broker asks the controller for a block of producer ids. */
export const allocateProducerIds = defineApi({
  key: 67,
  name: 'AllocateProducerIds',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  request: { brokerId: int32(), brokerEpoch: int64({ default: -1n }) },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
});

export type AllocateProducerIdsRequest = RequestOf<typeof allocateProducerIds>;
export type AllocateProducerIdsRequestInput = RequestInput<typeof allocateProducerIds>;
export type AllocateProducerIdsResponse = ResponseOf<typeof allocateProducerIds>;
export type AllocateProducerIdsResponseInput = ResponseInput<typeof allocateProducerIds>;
