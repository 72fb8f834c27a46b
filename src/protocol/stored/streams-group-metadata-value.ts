import { array, type DecodedOf, defineMessage, type InputOf, int32, int64, string } from '../schema/index.ts';

const lastAssignmentConfig = { key: string(), value: string() };

/** The epoch of a streams group, and which topology it was checked and described for. */
export const streamsGroupMetadataValue = defineMessage({
  name: 'StreamsGroupMetadataValue',
  apiKey: 17,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64(),
    validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
    lastAssignmentConfigs: array(lastAssignmentConfig, { nullable: '0+', tag: 1 }),
    storedDescriptionTopologyEpoch: int32({ tag: 2, default: -1 }),
    failedDescriptionTopologyEpoch: int32({ tag: 3, default: -1 }),
  },
});

export type StreamsGroupMetadataValue = DecodedOf<typeof streamsGroupMetadataValue>;
export type StreamsGroupMetadataValueInput = InputOf<typeof streamsGroupMetadataValue>;
