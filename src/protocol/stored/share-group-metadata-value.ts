import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** The epoch of a share group. */
export const shareGroupMetadataValue = defineMessage({
  name: 'ShareGroupMetadataValue',
  apiKey: 11,
  versions: '0',
  flexible: '0+',
  fields: { epoch: int32(), metadataHash: int64() },
});

export type ShareGroupMetadataValue = DecodedOf<typeof shareGroupMetadataValue>;
export type ShareGroupMetadataValueInput = InputOf<typeof shareGroupMetadataValue>;
