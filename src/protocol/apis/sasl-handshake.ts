import {
  array,
  defineApi,
  errorCode,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

/** SaslHandshake: With which mechanism does the client want to say who it is? */
export const saslHandshake = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: '0-1',
  flexible: 'none',
  listeners: ['broker', 'controller'],
  request: { mechanism: string() },
  response: { errorCode: errorCode(), mechanisms: array(string()) },
});

export type SaslHandshakeRequest = RequestOf<typeof saslHandshake>;
export type SaslHandshakeRequestInput = RequestInput<typeof saslHandshake>;
export type SaslHandshakeResponse = ResponseOf<typeof saslHandshake>;
export type SaslHandshakeResponseInput = ResponseInput<typeof saslHandshake>;
