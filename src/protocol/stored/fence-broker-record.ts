import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** A broker may not lead or serve. Written by old controllers; BrokerRegistrationChangeRecord has replaced it. */
export const fenceBrokerRecord = defineMessage({
  name: 'FenceBrokerRecord',
  apiKey: 7,
  versions: '0',
  flexible: '0+',
  fields: { id: int32(), epoch: int64() },
});

export type FenceBrokerRecord = DecodedOf<typeof fenceBrokerRecord>;
export type FenceBrokerRecordInput = InputOf<typeof fenceBrokerRecord>;
