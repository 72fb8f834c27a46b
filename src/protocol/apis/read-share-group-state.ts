import {
  array,
  defineApi,
  errorCode,
  int8,
  int16,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts';

/** ReadShareGroupState: What state are these share partitions in? */
export const readShareGroupState = defineApi({
  key: 84,
  name: 'ReadShareGroupState',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  request: {
    groupId: string(),
    topics: array({ topicId: uuid(), partitions: array({ partition: int32(), leaderEpoch: int32() }) }),
  },
  response: {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: errorCode(),
        errorMessage: string({ nullable: '0+', default: null }),
        stateEpoch: int32(),
        startOffset: int64(),
        stateBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      }),
    }),
  },
});

export type ReadShareGroupStateRequest = RequestOf<typeof readShareGroupState>;
export type ReadShareGroupStateRequestInput = RequestInput<typeof readShareGroupState>;
export type ReadShareGroupStateResponse = ResponseOf<typeof readShareGroupState>;
export type ReadShareGroupStateResponseInput = ResponseInput<typeof readShareGroupState>;
