import { type DecodedOf, defineMessage, type InputOf, int32 } from '../schema/index.ts';

/** The value of a control record that ends a transaction. */
export const endTxnMarker = defineMessage({
  name: 'EndTxnMarker',
  versions: '0',
  flexible: 'none',
  fields: {
    /** The leader epoch of the coordinator's partition: older coordinators are fenced. */
    coordinatorEpoch: int32(),
  },
});

export type EndTxnMarker = DecodedOf<typeof endTxnMarker>;
export type EndTxnMarkerInput = InputOf<typeof endTxnMarker>;
