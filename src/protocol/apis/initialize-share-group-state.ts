import {
  array,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts';

/** InitializeShareGroupState: Begin to keep the state of these share partitions. */
export const initializeShareGroupState = defineApi({
  key: 83,
  name: 'InitializeShareGroupState',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  request: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({ partition: int32(), stateEpoch: int32(), startOffset: int64() }),
    }),
  },
  response: {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: errorCode(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
});

export type InitializeShareGroupStateRequest = RequestOf<typeof initializeShareGroupState>;
export type InitializeShareGroupStateRequestInput = RequestInput<typeof initializeShareGroupState>;
export type InitializeShareGroupStateResponse = ResponseOf<typeof initializeShareGroupState>;
export type InitializeShareGroupStateResponseInput = ResponseInput<typeof initializeShareGroupState>;
