import { array, type DecodedOf, defineMessage, type InputOf, int16, int32, string, struct, uint16, uuid } from '../schema/index.ts';

/** A control record of the metadata log: who its voters are (KIP-853). */
export const votersRecord = defineMessage({
  name: 'VotersRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array({ name: string(), host: string(), port: uint16() }),
      kRaftVersionFeature: struct({ minSupportedVersion: int16(), maxSupportedVersion: int16() }),
    }),
  },
});

export type VotersRecord = DecodedOf<typeof votersRecord>;
export type VotersRecordInput = InputOf<typeof votersRecord>;
