import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** The metadata records that follow count together or not at all (KIP-868). */
export const beginTransactionRecord = defineMessage({
  name: 'BeginTransactionRecord',
  apiKey: 23,
  versions: '0',
  flexible: '0+',
  fields: { name: string({ nullable: '0+', tag: 0, default: null }) },
});

export type BeginTransactionRecord = DecodedOf<typeof beginTransactionRecord>;
export type BeginTransactionRecordInput = InputOf<typeof beginTransactionRecord>;
