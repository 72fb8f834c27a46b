import { array, type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** What a member of a share group told about itself. */
export const shareGroupMemberMetadataValue = defineMessage({
  name: 'ShareGroupMemberMetadataValue',
  apiKey: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
});

export type ShareGroupMemberMetadataValue = DecodedOf<typeof shareGroupMemberMetadataValue>;
export type ShareGroupMemberMetadataValueInput = InputOf<typeof shareGroupMemberMetadataValue>;
