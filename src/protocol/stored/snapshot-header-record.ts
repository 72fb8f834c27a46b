import { type DecodedOf, defineMessage, type InputOf, int16, int64 } from '../schema/index.ts';

/** The control record that starts a snapshot of the metadata log. */
export const snapshotHeaderRecord = defineMessage({
  name: 'SnapshotHeaderRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    /** Of the last record the snapshot stands for. */
    lastContainedLogTimestamp: int64(),
  },
});

export type SnapshotHeaderRecord = DecodedOf<typeof snapshotHeaderRecord>;
export type SnapshotHeaderRecordInput = InputOf<typeof snapshotHeaderRecord>;
