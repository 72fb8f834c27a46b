import { array, bytes, type DecodedOf, defineMessage, type InputOf, int32, string, struct } from '../schema/index.ts';

/** What a member of a consumer group told about itself: client, subscription, assignor. */
export const consumerGroupMemberMetadataValue = defineMessage({
  name: 'ConsumerGroupMemberMetadataValue',
  apiKey: 5,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string({ nullable: '0+' }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: '0+' }),
    /** Null for a member that speaks the new protocol: say so, for a record without this field means a struct of defaults. */
    classicMemberMetadata: struct(
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: array({ name: string(), metadata: bytes() }),
      },
      { nullable: '0+', tag: 0 },
    ),
  },
});

export type ConsumerGroupMemberMetadataValue = DecodedOf<typeof consumerGroupMemberMetadataValue>;
export type ConsumerGroupMemberMetadataValueInput = InputOf<typeof consumerGroupMemberMetadataValue>;
