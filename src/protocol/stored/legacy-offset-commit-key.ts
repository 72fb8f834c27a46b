import { type DecodedOf, defineMessage, type InputOf, int32, string } from '../schema/index.ts';

/** OffsetCommitKey as the oldest brokers wrote it; same fields. */
export const legacyOffsetCommitKey = defineMessage({
  name: 'LegacyOffsetCommitKey',
  apiKey: 0,
  versions: '0',
  flexible: 'none',
  fields: { group: string(), topic: string(), partition: int32() },
});

export type LegacyOffsetCommitKey = DecodedOf<typeof legacyOffsetCommitKey>;
export type LegacyOffsetCommitKeyInput = InputOf<typeof legacyOffsetCommitKey>;
