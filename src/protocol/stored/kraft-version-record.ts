import { type DecodedOf, defineMessage, type InputOf, int16 } from '../schema/index.ts';

/** A control record of the metadata log: the level of kraft.version; from 1 on the voters are in the log too. */
export const kRaftVersionRecord = defineMessage({
  name: 'KRaftVersionRecord',
  versions: '0',
  flexible: '0+',
  fields: { version: int16(), kRaftVersion: int16() },
});

export type KRaftVersionRecord = DecodedOf<typeof kRaftVersionRecord>;
export type KRaftVersionRecordInput = InputOf<typeof kRaftVersionRecord>;
