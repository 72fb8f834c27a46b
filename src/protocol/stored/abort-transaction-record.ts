import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Drops the metadata records since the last BeginTransactionRecord. */
export const abortTransactionRecord = defineMessage({
  name: 'AbortTransactionRecord',
  apiKey: 25,
  versions: '0',
  flexible: '0+',
  fields: { reason: string({ nullable: '0+', tag: 0, default: null }) },
});

export type AbortTransactionRecord = DecodedOf<typeof abortTransactionRecord>;
export type AbortTransactionRecordInput = InputOf<typeof abortTransactionRecord>;
