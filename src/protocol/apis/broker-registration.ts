import {
  array,
  bool,
  defineApi,
  errorCode,
  int16,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uint16,
  uuid,
} from '../schema/index.ts';

/** BrokerRegistration: A broker that has started asks the controller for its epoch. */
export const brokerRegistration = defineApi({
  key: 62,
  name: 'BrokerRegistration',
  versions: '0-4',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    brokerId: int32(),
    clusterId: string(),
    /** Made anew at each start of the broker. */
    incarnationId: uuid(),
    listeners: array({ name: string(), host: string(), port: uint16(), securityProtocol: int16() }),
    features: array({ name: string(), minSupportedVersion: int16(), maxSupportedVersion: int16() }),
    rack: string({ nullable: '0+' }),
    isMigratingZkBroker: bool({ versions: '1+', default: false }),
    logDirs: array(uuid(), { versions: '2+', ignorable: true }),
    /** The epoch it had when it stopped cleanly, or -1 (KIP-966). */
    previousBrokerEpoch: int64({ versions: '3+', default: -1n, ignorable: true }),
  },
  response: { throttleTimeMs: int32(), errorCode: errorCode(), brokerEpoch: int64({ default: -1n }) },
});

export type BrokerRegistrationRequest = RequestOf<typeof brokerRegistration>;
export type BrokerRegistrationRequestInput = RequestInput<typeof brokerRegistration>;
export type BrokerRegistrationResponse = ResponseOf<typeof brokerRegistration>;
export type BrokerRegistrationResponseInput = ResponseInput<typeof brokerRegistration>;
