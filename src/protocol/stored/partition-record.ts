import { array, type DecodedOf, defineMessage, type InputOf, int8, int32, uuid } from '../schema/index.ts';

/** A partition: its replicas, those in sync, its leader. */
export const partitionRecord = defineMessage({
  name: 'PartitionRecord',
  apiKey: 3,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    /** -1 when there is none. */
    leader: int32({ default: -1 }),
    /** 0 recovered, 1 recovering after an unclean election. */
    leaderRecoveryState: int8({ tag: 0, default: 0 }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    /** The data directory of each replica, in the order of replicas. */
    directories: array(uuid(), { versions: '1+' }),
    /** Not in sync, but they have all that was committed (KIP-966). */
    eligibleLeaderReplicas: array(int32(), { versions: '2+', nullable: '2+', tag: 1, default: null }),
    /** The last leader when nobody else is left. */
    lastKnownElr: array(int32(), { versions: '2+', nullable: '2+', tag: 2, default: null }),
  },
});

export type PartitionRecord = DecodedOf<typeof partitionRecord>;
export type PartitionRecordInput = InputOf<typeof partitionRecord>;
