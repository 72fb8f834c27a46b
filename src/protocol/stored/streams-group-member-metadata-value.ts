import { array, type DecodedOf, defineMessage, type InputOf, int32, string, struct, uint16 } from '../schema/index.ts';

const endpoint = { host: string(), port: uint16() };

const keyValue = { key: string(), value: string() };

/** What a member of a streams group told about itself: client, process, topology epoch, endpoint. */
export const streamsGroupMemberMetadataValue = defineMessage({
  name: 'StreamsGroupMemberMetadataValue',
  apiKey: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(endpoint, { nullable: '0+', default: null }),
    clientTags: array(keyValue),
  },
});

export type StreamsGroupMemberMetadataValue = DecodedOf<typeof streamsGroupMemberMetadataValue>;
export type StreamsGroupMemberMetadataValueInput = InputOf<typeof streamsGroupMemberMetadataValue>;
