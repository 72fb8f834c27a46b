import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** Removes the registration of a broker. */
export const unregisterBrokerRecord = defineMessage({
  name: 'UnregisterBrokerRecord',
  apiKey: 1,
  versions: '0',
  flexible: '0+',
  fields: { brokerId: int32(), brokerEpoch: int64() },
});

export type UnregisterBrokerRecord = DecodedOf<typeof unregisterBrokerRecord>;
export type UnregisterBrokerRecordInput = InputOf<typeof unregisterBrokerRecord>;
