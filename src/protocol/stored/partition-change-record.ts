import { array, type DecodedOf, defineMessage, type InputOf, int8, int32, uuid } from '../schema/index.ts';

/** A change of a partition; what is null or left out stays as it is. */
export const partitionChangeRecord = defineMessage({
  name: 'PartitionChangeRecord',
  apiKey: 5,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: array(int32(), { nullable: '0+', tag: 0, default: null }),
    /** -2 leaves it as it is, -1 is no leader. */
    leader: int32({ tag: 1, default: -2 }),
    replicas: array(int32(), { nullable: '0+', tag: 2, default: null }),
    removingReplicas: array(int32(), { nullable: '0+', tag: 3, default: null }),
    addingReplicas: array(int32(), { nullable: '0+', tag: 4, default: null }),
    /** -1 leaves it as it is. */
    leaderRecoveryState: int8({ tag: 5, default: -1 }),
    directories: array(uuid(), { versions: '1+', nullable: '1+', tag: 8, default: null }),
    eligibleLeaderReplicas: array(int32(), { versions: '2+', nullable: '2+', tag: 6, default: null }),
    lastKnownElr: array(int32(), { versions: '2+', nullable: '2+', tag: 7, default: null }),
  },
});

export type PartitionChangeRecord = DecodedOf<typeof partitionChangeRecord>;
export type PartitionChangeRecordInput = InputOf<typeof partitionChangeRecord>;
