import type { FetchedBatch } from '../clients/batch-fetching.ts';
import { Violation } from '../violation.ts';
import type { Found } from './record-history.ts';
import type { Transaction } from './transaction-history.ts';

interface Producer {
  epoch: number;
  coordinatorEpoch: number;
  /** Records since the last marker. */
  open: { readonly offset: bigint; readonly value: string }[];
}

/** What a whole partition says, read without regard to transactions. */
export interface JudgedLog {
  readonly all: readonly Found[];
  /** What readers of committed records have to be given, by the markers. */
  readonly visible: readonly Found[];
}

/**
 * The rules of a partition that takes part in transactions, looked at in its log when all is over: the epochs of a producer never fall (I4, T4), nor do those of the
 * coordinator in its markers (T8); between two markers of a producer lie the records of one transaction (T5), which the marker ends as its client was told (T1); and no
 * transaction is left open (T7).
 * @param writer whose transaction a record belongs to
 */
export function judgeLog(where: string, batches: readonly FetchedBatch[], writer: (value: string) => Transaction | undefined): JudgedLog {
  const producers = new Map<bigint, Producer>();
  const all: Found[] = [];
  const visible: Found[] = [];
  for (const { baseOffset, producerId, producerEpoch, isTransactional, marker, records } of batches) {
    all.push(...records);
    if (!isTransactional) visible.push(...records);
    if (producerId < 0n) continue;
    const producer = producers.get(producerId) ?? { epoch: -1, coordinatorEpoch: -1, open: [] };
    producers.set(producerId, producer);
    const what = `${where}@${baseOffset}: ${marker === undefined ? 'a batch' : 'a marker'} of producer ${producerId}`;
    if (producerEpoch < producer.epoch) throw new Violation('T4', `${what} has epoch ${producerEpoch} after ${producer.epoch}`);
    producer.epoch = producerEpoch;
    if (marker === undefined) {
      if (isTransactional) producer.open.push(...records);
      continue;
    }
    if (marker.coordinatorEpoch < producer.coordinatorEpoch)
      throw new Violation('T8', `${what} is of coordinator epoch ${marker.coordinatorEpoch} after ${producer.coordinatorEpoch}`);
    producer.coordinatorEpoch = marker.coordinatorEpoch;
    endOne(what, marker.type === 'COMMIT', producer.open, writer);
    if (marker.type === 'COMMIT') visible.push(...producer.open);
    producer.open = [];
  }
  for (const [producerId, { open }] of producers)
    if (open.length > 0) throw new Violation('T7', `${where}@${open[0]!.offset}: a transaction of producer ${producerId} is still open`);
  return { all, visible: visible.sort((a, b) => Number(a.offset - b.offset)) };
}

function endOne(
  what: string,
  isCommit: boolean,
  open: readonly { readonly value: string }[],
  writer: (value: string) => Transaction | undefined,
): void {
  const transactions = new Set(open.map(({ value }) => writer(value)));
  if (transactions.size > 1)
    throw new Violation('T5', `${what} ends ${[...transactions].map((transaction) => transaction?.id).join(' and ')} together`);
  const [transaction] = transactions;
  if (transaction === undefined) return;
  const { id, fate } = transaction;
  if (isCommit ? fate === 'open' || fate === 'aborted' : fate === 'committed')
    throw new Violation('T1', `${what} ${isCommit ? 'commits' : 'aborts'} ${id}, which is ${fate}`);
}
