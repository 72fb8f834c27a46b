import { array, bytes, type DecodedOf, defineMessage, type InputOf, int32, string } from '../schema/index.ts';

/** What a member of a classic consumer group is to read, as its leader wrote it into SyncGroup. */
export const consumerProtocolAssignment = defineMessage({
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: array({ topic: string(), partitions: array(int32()) }),
    userData: bytes({ nullable: '0+', default: null }),
  },
});

export type ConsumerProtocolAssignment = DecodedOf<typeof consumerProtocolAssignment>;
export type ConsumerProtocolAssignmentInput = InputOf<typeof consumerProtocolAssignment>;
