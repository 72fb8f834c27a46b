import { type DecodedOf, defineMessage, type InputOf, int64, string } from '../schema/index.ts';

/** OffsetCommitValue as the oldest brokers wrote it. */
export const legacyOffsetCommitValue = defineMessage({
  name: 'LegacyOffsetCommitValue',
  apiKey: 0,
  versions: '0',
  flexible: 'none',
  fields: { offset: int64(), metadata: string(), commitTimestamp: int64() },
});

export type LegacyOffsetCommitValue = DecodedOf<typeof legacyOffsetCommitValue>;
export type LegacyOffsetCommitValueInput = InputOf<typeof legacyOffsetCommitValue>;
