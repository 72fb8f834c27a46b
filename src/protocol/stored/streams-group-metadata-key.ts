import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a streams group: its epoch. */
export const streamsGroupMetadataKey = defineMessage({
  name: 'StreamsGroupMetadataKey',
  apiKey: 17,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type StreamsGroupMetadataKey = DecodedOf<typeof streamsGroupMetadataKey>;
export type StreamsGroupMetadataKeyInput = InputOf<typeof streamsGroupMetadataKey>;
