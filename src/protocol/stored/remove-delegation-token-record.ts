import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Removes a delegation token. */
export const removeDelegationTokenRecord = defineMessage({
  name: 'RemoveDelegationTokenRecord',
  apiKey: 26,
  versions: '0',
  flexible: '0+',
  fields: { tokenId: string() },
});

export type RemoveDelegationTokenRecord = DecodedOf<typeof removeDelegationTokenRecord>;
export type RemoveDelegationTokenRecordInput = InputOf<typeof removeDelegationTokenRecord>;
