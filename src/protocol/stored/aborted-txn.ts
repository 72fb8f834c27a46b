import { type DecodedOf, defineMessage, type InputOf, int64 } from '../schema/index.ts';

/** One entry of a transaction index: a transaction that was aborted. */
export const abortedTxn = defineMessage({
  name: 'AbortedTxn',
  versions: '0',
  flexible: 'none',
  fields: {
    producerId: int64(),
    firstOffset: int64(),
    lastOffset: int64(),
    lastStableOffset: int64(),
  },
});

export type AbortedTxn = DecodedOf<typeof abortedTxn>;
export type AbortedTxnInput = InputOf<typeof abortedTxn>;
