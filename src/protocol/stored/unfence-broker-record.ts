import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** A broker may lead and serve. Written by old controllers; BrokerRegistrationChangeRecord has replaced it. */
export const unfenceBrokerRecord = defineMessage({
  name: 'UnfenceBrokerRecord',
  apiKey: 8,
  versions: '0',
  flexible: '0+',
  fields: { id: int32(), epoch: int64() },
});

export type UnfenceBrokerRecord = DecodedOf<typeof unfenceBrokerRecord>;
export type UnfenceBrokerRecordInput = InputOf<typeof unfenceBrokerRecord>;
