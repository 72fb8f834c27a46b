import {
  array,
  defineApi,
  errorCode,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts';

/** DeleteShareGroupState: Forget the state of these share partitions. */
export const deleteShareGroupState = defineApi({
  key: 86,
  name: 'DeleteShareGroupState',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  request: {
    groupId: string(),
    topics: array({ topicId: uuid(), partitions: array({ partition: int32() }) }),
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

export type DeleteShareGroupStateRequest = RequestOf<typeof deleteShareGroupState>;
export type DeleteShareGroupStateRequestInput = RequestInput<typeof deleteShareGroupState>;
export type DeleteShareGroupStateResponse = ResponseOf<typeof deleteShareGroupState>;
export type DeleteShareGroupStateResponseInput = ResponseInput<typeof deleteShareGroupState>;
