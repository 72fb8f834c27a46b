import { array, bool, type DecodedOf, defineMessage, type InputOf, int16, int32, int64, string, uint16, uuid } from '../schema/index.ts';

/** A broker has registered: its epoch, endpoints, features and data directories. */
export const registerBrokerRecord = defineMessage({
  name: 'RegisterBrokerRecord',
  apiKey: 0,
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    isMigratingZkBroker: bool({ versions: '2+', default: false }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array({ name: string(), host: string(), port: uint16(), securityProtocol: int16() }),
    features: array({ name: string(), minSupportedVersion: int16(), maxSupportedVersion: int16() }),
    rack: string({ nullable: '0+' }),
    fenced: bool({ default: true }),
    inControlledShutdown: bool({ versions: '1+', default: false }),
    logDirs: array(uuid(), { versions: '3+', tag: 0 }),
    cordonedLogDirs: array(uuid(), { versions: '4+', nullable: '4+', tag: 1, default: null }),
  },
});

export type RegisterBrokerRecord = DecodedOf<typeof registerBrokerRecord>;
export type RegisterBrokerRecordInput = InputOf<typeof registerBrokerRecord>;
