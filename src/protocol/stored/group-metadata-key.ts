import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a classic group. */
export const groupMetadataKey = defineMessage({
  name: 'GroupMetadataKey',
  apiKey: 2,
  versions: '0',
  flexible: 'none',
  fields: { group: string() },
});

export type GroupMetadataKey = DecodedOf<typeof groupMetadataKey>;
export type GroupMetadataKeyInput = InputOf<typeof groupMetadataKey>;
