import { type DecodedOf, defineMessage, type InputOf, int16 } from '../schema/index.ts';

/** The control record that ends a snapshot of the metadata log. */
export const snapshotFooterRecord = defineMessage({
  name: 'SnapshotFooterRecord',
  versions: '0',
  flexible: '0+',
  fields: { version: int16() },
});

export type SnapshotFooterRecord = DecodedOf<typeof snapshotFooterRecord>;
export type SnapshotFooterRecordInput = InputOf<typeof snapshotFooterRecord>;
