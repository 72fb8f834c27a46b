import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** The epoch of a consumer group. */
export const consumerGroupMetadataValue = defineMessage({
  name: 'ConsumerGroupMetadataValue',
  apiKey: 3,
  versions: '0',
  flexible: '0+',
  fields: { epoch: int32(), metadataHash: int64({ tag: 0, default: 0n }) },
});

export type ConsumerGroupMetadataValue = DecodedOf<typeof consumerGroupMetadataValue>;
export type ConsumerGroupMetadataValueInput = InputOf<typeof consumerGroupMetadataValue>;
