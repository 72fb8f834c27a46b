import {
  array,
  defineApi,
  errorCode,
  int8,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

/** CreateAcls: Add these access rules. */
export const createAcls = defineApi({
  key: 30,
  name: 'CreateAcls',
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  request: {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
  response: {
    throttleTimeMs: int32(),
    results: array({ errorCode: errorCode(), errorMessage: string({ nullable: '0+' }) }),
  },
});

export type CreateAclsRequest = RequestOf<typeof createAcls>;
export type CreateAclsRequestInput = RequestInput<typeof createAcls>;
export type CreateAclsResponse = ResponseOf<typeof createAcls>;
export type CreateAclsResponseInput = ResponseInput<typeof createAcls>;
