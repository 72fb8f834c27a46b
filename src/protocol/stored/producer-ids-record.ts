import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** The next producer id that nobody has been given. */
export const producerIdsRecord = defineMessage({
  name: 'ProducerIdsRecord',
  apiKey: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1n }),
    /** The next block starts here. */
    nextProducerId: int64(),
  },
});

export type ProducerIdsRecord = DecodedOf<typeof producerIdsRecord>;
export type ProducerIdsRecordInput = InputOf<typeof producerIdsRecord>;
