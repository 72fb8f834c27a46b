import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a consumer group: its epoch. */
export const consumerGroupMetadataKey = defineMessage({
  name: 'ConsumerGroupMetadataKey',
  apiKey: 3,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type ConsumerGroupMetadataKey = DecodedOf<typeof consumerGroupMetadataKey>;
export type ConsumerGroupMetadataKeyInput = InputOf<typeof consumerGroupMetadataKey>;
