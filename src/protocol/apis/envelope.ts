import { bytes, defineApi, errorCode, type RequestInput, type RequestOf, type ResponseInput, type ResponseOf } from '../schema/index.ts';

/** Envelope: A request as a client sent it to one broker, carried to the controller with the name of the client. */
export const envelope = defineApi({
  key: 58,
  name: 'Envelope',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: '0+' }),
    clientHostAddress: bytes(),
  },
  response: { responseData: bytes({ nullable: '0+', default: null }), errorCode: errorCode() },
});

export type EnvelopeRequest = RequestOf<typeof envelope>;
export type EnvelopeRequestInput = RequestInput<typeof envelope>;
export type EnvelopeResponse = ResponseOf<typeof envelope>;
export type EnvelopeResponseInput = ResponseInput<typeof envelope>;
