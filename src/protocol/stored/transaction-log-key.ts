import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a transactional id. */
export const transactionLogKey = defineMessage({
  name: 'TransactionLogKey',
  apiKey: 0,
  versions: '0',
  flexible: 'none',
  fields: { transactionalId: string() },
});

export type TransactionLogKey = DecodedOf<typeof transactionLogKey>;
export type TransactionLogKeyInput = InputOf<typeof transactionLogKey>;
