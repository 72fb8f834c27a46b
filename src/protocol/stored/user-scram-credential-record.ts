import { bytes, type DecodedOf, defineMessage, type InputOf, int8, int32, string } from '../schema/index.ts';

/** A user's SCRAM credential. */
export const userScramCredentialRecord = defineMessage({
  name: 'UserScramCredentialRecord',
  apiKey: 11,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
});

export type UserScramCredentialRecord = DecodedOf<typeof userScramCredentialRecord>;
export type UserScramCredentialRecordInput = InputOf<typeof userScramCredentialRecord>;
