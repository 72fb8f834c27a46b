import {
  defineApi,
  errorCode,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

/** UnregisterController: Forget a controller that will not come back. */
export const unregisterController = defineApi({
  key: 94,
  name: 'UnregisterController',
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  request: { controllerId: int32() },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    errorMessage: string({ nullable: '0+' }),
  },
});

export type UnregisterControllerRequest = RequestOf<typeof unregisterController>;
export type UnregisterControllerRequestInput = RequestInput<typeof unregisterController>;
export type UnregisterControllerResponse = ResponseOf<typeof unregisterController>;
export type UnregisterControllerResponseInput = ResponseInput<typeof unregisterController>;
