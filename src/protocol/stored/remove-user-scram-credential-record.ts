import { type DecodedOf, defineMessage, type InputOf, int8, string } from '../schema/index.ts';

/** Removes a user's SCRAM credential. */
export const removeUserScramCredentialRecord = defineMessage({
  name: 'RemoveUserScramCredentialRecord',
  apiKey: 22,
  versions: '0',
  flexible: '0+',
  fields: { name: string(), mechanism: int8() },
});

export type RemoveUserScramCredentialRecord = DecodedOf<typeof removeUserScramCredentialRecord>;
export type RemoveUserScramCredentialRecordInput = InputOf<typeof removeUserScramCredentialRecord>;
