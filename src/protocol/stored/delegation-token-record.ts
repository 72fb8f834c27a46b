import { array, type DecodedOf, defineMessage, type InputOf, int64, string } from '../schema/index.ts';

/** A delegation token. */
export const delegationTokenRecord = defineMessage({
  name: 'DelegationTokenRecord',
  apiKey: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
});

export type DelegationTokenRecord = DecodedOf<typeof delegationTokenRecord>;
export type DelegationTokenRecordInput = InputOf<typeof delegationTokenRecord>;
