import { array, bool, type DecodedOf, defineMessage, type InputOf, int16, int32, string, uint16, uuid } from '../schema/index.ts';

/** A controller has registered: its endpoints and features. */
export const registerControllerRecord = defineMessage({
  name: 'RegisterControllerRecord',
  apiKey: 27,
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: array({ name: string(), host: string(), port: uint16(), securityProtocol: int16() }),
    features: array({ name: string(), minSupportedVersion: int16(), maxSupportedVersion: int16() }),
  },
});

export type RegisterControllerRecord = DecodedOf<typeof registerControllerRecord>;
export type RegisterControllerRecordInput = InputOf<typeof registerControllerRecord>;
