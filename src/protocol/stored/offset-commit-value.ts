import { type DecodedOf, defineMessage, type InputOf, int32, int64, string, uuid } from '../schema/index.ts';

/** How far a group has read in a partition. */
export const offsetCommitValue = defineMessage({
  name: 'OffsetCommitValue',
  apiKey: 1,
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: int64(),
    leaderEpoch: int32({ versions: '3+', default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    /** -1 leaves it to the broker's retention. */
    expireTimestamp: int64({ versions: '1', default: -1n, ignorable: true }),
    topicId: uuid({ versions: '4+', tag: 0, ignorable: true }),
  },
});

export type OffsetCommitValue = DecodedOf<typeof offsetCommitValue>;
export type OffsetCommitValueInput = InputOf<typeof offsetCommitValue>;
