import { type DecodedOf, defineMessage, type InputOf } from '../schema/index.ts';

/** The metadata records since the last BeginTransactionRecord count from here on. */
export const endTransactionRecord = defineMessage({
  name: 'EndTransactionRecord',
  apiKey: 24,
  versions: '0',
  flexible: '0+',
  fields: {},
});

export type EndTransactionRecord = DecodedOf<typeof endTransactionRecord>;
export type EndTransactionRecordInput = InputOf<typeof endTransactionRecord>;
