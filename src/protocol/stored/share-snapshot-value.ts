import { array, type DecodedOf, defineMessage, type InputOf, int8, int16, int32, int64 } from '../schema/index.ts';

/** The whole state of a share partition; updates follow it. */
export const shareSnapshotValue = defineMessage({
  name: 'ShareSnapshotValue',
  apiKey: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
});

export type ShareSnapshotValue = DecodedOf<typeof shareSnapshotValue>;
export type ShareSnapshotValueInput = InputOf<typeof shareSnapshotValue>;
