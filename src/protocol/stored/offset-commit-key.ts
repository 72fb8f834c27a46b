import { type DecodedOf, defineMessage, type InputOf, int32, string } from '../schema/index.ts';

/** Names a group and a partition: how far the group has read there. */
export const offsetCommitKey = defineMessage({
  name: 'OffsetCommitKey',
  apiKey: 1,
  versions: '0',
  flexible: 'none',
  fields: { group: string(), topic: string(), partition: int32() },
});

export type OffsetCommitKey = DecodedOf<typeof offsetCommitKey>;
export type OffsetCommitKeyInput = InputOf<typeof offsetCommitKey>;
