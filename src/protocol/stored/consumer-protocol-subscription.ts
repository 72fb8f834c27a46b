import { array, bytes, type DecodedOf, defineMessage, type InputOf, int32, string } from '../schema/index.ts';

/** What a member of a classic consumer group wants to read, as it wrote it into JoinGroup. */
export const consumerProtocolSubscription = defineMessage({
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: array(string()),
    userData: bytes({ nullable: '0+', default: null }),
    ownedPartitions: array({ topic: string(), partitions: array(int32()) }, { versions: '1+', ignorable: true }),
    generationId: int32({ versions: '2+', default: -1, ignorable: true }),
    rackId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  },
});

export type ConsumerProtocolSubscription = DecodedOf<typeof consumerProtocolSubscription>;
export type ConsumerProtocolSubscriptionInput = InputOf<typeof consumerProtocolSubscription>;
