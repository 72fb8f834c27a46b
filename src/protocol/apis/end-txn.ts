import {
  bool,
  defineApi,
  errorCode,
  int16,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

/** EndTxn: Commit or abort a transaction. */
export const endTxn = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    /** False aborts. */
    committed: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    producerId: int64({ versions: '5+', default: -1n, ignorable: true }),
    producerEpoch: int16({ versions: '5+', default: -1, ignorable: true }),
  },
});

export type EndTxnRequest = RequestOf<typeof endTxn>;
export type EndTxnRequestInput = RequestInput<typeof endTxn>;
export type EndTxnResponse = ResponseOf<typeof endTxn>;
export type EndTxnResponseInput = ResponseInput<typeof endTxn>;
