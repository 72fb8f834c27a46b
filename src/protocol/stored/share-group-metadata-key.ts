import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a share group: its epoch. */
export const shareGroupMetadataKey = defineMessage({
  name: 'ShareGroupMetadataKey',
  apiKey: 11,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type ShareGroupMetadataKey = DecodedOf<typeof shareGroupMetadataKey>;
export type ShareGroupMetadataKeyInput = InputOf<typeof shareGroupMetadataKey>;
