import { array, type DecodedOf, defineMessage, type InputOf, int8, int16, int32, int64 } from '../schema/index.ts';

/** What has changed in a share partition since its snapshot. */
export const shareUpdateValue = defineMessage({
  name: 'ShareUpdateValue',
  apiKey: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
});

export type ShareUpdateValue = DecodedOf<typeof shareUpdateValue>;
export type ShareUpdateValueInput = InputOf<typeof shareUpdateValue>;
