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
} from '../schema/index.ts';

/** DeleteGroups: Remove these groups and their offsets. */
export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: '0-3',
  flexible: '2+',
  listeners: ['broker'],
  request: { groupsNames: array(string()) },
  response: {
    throttleTimeMs: int32(),
    results: array({
      groupId: string(),
      errorCode: errorCode(),
      errorMessage: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
    }),
  },
});

export type DeleteGroupsRequest = RequestOf<typeof deleteGroups>;
export type DeleteGroupsRequestInput = RequestInput<typeof deleteGroups>;
export type DeleteGroupsResponse = ResponseOf<typeof deleteGroups>;
export type DeleteGroupsResponseInput = ResponseInput<typeof deleteGroups>;
