import { type DecodedOf, defineMessage, type InputOf, int8 } from '../schema/index.ts';

/** How far a cluster had come in leaving ZooKeeper; kept so that old logs can be read. */
export const zkMigrationStateRecord = defineMessage({
  name: 'ZkMigrationStateRecord',
  apiKey: 21,
  versions: '0',
  flexible: '0+',
  fields: { zkMigrationState: int8() },
});

export type ZkMigrationStateRecord = DecodedOf<typeof zkMigrationStateRecord>;
export type ZkMigrationStateRecordInput = InputOf<typeof zkMigrationStateRecord>;
