import {
  bytes,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
} from '../schema/index.ts';

/** RenewDelegationToken: Let a token live longer. */
export const renewDelegationToken = defineApi({
  key: 39,
  name: 'RenewDelegationToken',
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  request: { hmac: bytes(), renewPeriodMs: int64() },
  response: { errorCode: errorCode(), expiryTimestampMs: int64(), throttleTimeMs: int32() },
});

export type RenewDelegationTokenRequest = RequestOf<typeof renewDelegationToken>;
export type RenewDelegationTokenRequestInput = RequestInput<typeof renewDelegationToken>;
export type RenewDelegationTokenResponse = ResponseOf<typeof renewDelegationToken>;
export type RenewDelegationTokenResponseInput = ResponseInput<typeof renewDelegationToken>;
