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

/** ExpireDelegationToken: Let a token end sooner, or at once. */
export const expireDelegationToken = defineApi({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  request: { hmac: bytes(), expiryTimePeriodMs: int64() },
  response: { errorCode: errorCode(), expiryTimestampMs: int64(), throttleTimeMs: int32() },
});

export type ExpireDelegationTokenRequest = RequestOf<typeof expireDelegationToken>;
export type ExpireDelegationTokenRequestInput = RequestInput<typeof expireDelegationToken>;
export type ExpireDelegationTokenResponse = ResponseOf<typeof expireDelegationToken>;
export type ExpireDelegationTokenResponseInput = ResponseInput<typeof expireDelegationToken>;
