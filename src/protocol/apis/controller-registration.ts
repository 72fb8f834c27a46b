import {
  array,
  bool,
  defineApi,
  errorCode,
  int16,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uint16,
  uuid,
} from '../schema/index.ts';

/** ControllerRegistration: A controller tells the leading controller where it listens and what it supports. */
export const controllerRegistration = defineApi({
  key: 70,
  name: 'ControllerRegistration',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    listeners: array({ name: string(), host: string(), port: uint16(), securityProtocol: int16() }),
    features: array({ name: string(), minSupportedVersion: int16(), maxSupportedVersion: int16() }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    errorMessage: string({ nullable: '0+' }),
  },
});

export type ControllerRegistrationRequest = RequestOf<typeof controllerRegistration>;
export type ControllerRegistrationRequestInput = RequestInput<typeof controllerRegistration>;
export type ControllerRegistrationResponse = ResponseOf<typeof controllerRegistration>;
export type ControllerRegistrationResponseInput = ResponseInput<typeof controllerRegistration>;
