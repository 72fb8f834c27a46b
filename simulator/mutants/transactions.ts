import type { RecordBatch } from '#protocol';
import { PartitionLog } from '#storage';
import { Offsets } from '../../src/coordinators/group/offsets.ts';
import type { MarkersToWrite } from '../../src/coordinators/transaction/decision.ts';
import type { EndTxn } from '../../src/coordinators/transaction/end-txn.ts';
import type { InitProducerId } from '../../src/coordinators/transaction/init-producer-id.ts';
import { MarkerSender } from '../../src/coordinators/transaction/marker-sender.ts';
import type { TransactionRecord } from '../../src/coordinators/transaction/transaction.ts';
import { TransactionCoordinator } from '../../src/coordinators/transaction/transaction-coordinator.ts';
import { TransactionalAppends } from '../../src/replication/transactional-appends.ts';
import { ProducerStates } from '../../src/storage/producer-state.ts';
import { type Mutant, replaceGetter, replaceMethod } from './planting.ts';

export const transactionMutants: Readonly<Record<string, Mutant>> = {
  'open-transactions-are-stable': {
    breaks: 'readers of committed records are shown transactions that are open',
    plant() {
      replaceMethod(ProducerStates.prototype, 'firstUnstableOffset', () => () => undefined);
    },
  },
  'last-stable-offset-off-by-one': {
    breaks: 'the first record of an open transaction counts as stable (KAFKA-9807)',
    plant() {
      replaceGetter(
        PartitionLog.prototype,
        'lastStableOffset',
        (stable) =>
          function (this: PartitionLog) {
            const offset: bigint = stable.call(this);
            return offset < this.highWatermark ? offset + 1n : offset;
          },
      );
    },
  },
  'no-aborted-list': {
    breaks: 'readers are not told which transactions were aborted',
    plant() {
      replaceMethod(PartitionLog.prototype, 'abortedTransactions', () => () => []);
    },
  },
  'aborted-list-of-the-last-only': {
    breaks: 'readers are told of the last aborted transaction alone (KAFKA-5376)',
    plant() {
      replaceMethod(
        PartitionLog.prototype,
        'abortedTransactions',
        (aborted) =>
          function (this: PartitionLog, ...args: unknown[]) {
            return (aborted.apply(this, args) as unknown[]).slice(-1);
          },
      );
    },
  },
  'zombies-are-not-fenced': {
    breaks: 'who starts under a transactional id gets the epoch of the one before',
    plant() {
      replaceMethod(
        TransactionCoordinator.prototype,
        'initProducerId',
        (init) =>
          function (this: TransactionCoordinator, request: InitProducerId, ...rest: unknown[]) {
            const before = this.get(request.transactionalId);
            const decision = init.call(this, request, ...rest);
            const [record] = decision.records as TransactionRecord[];
            if (before === undefined || record?.transaction?.status !== 'Empty') return decision;
            const { producerId, producerEpoch } = before;
            const transaction = { ...record.transaction, producerId, producerEpoch };
            return {
              ...decision,
              records: [{ ...record, transaction }],
              response: { errorCode: 'NONE', producer: { producerId, producerEpoch } },
            };
          },
      );
    },
  },
  'open-transactions-survive-a-start': {
    breaks: 'who starts under a transactional id does not abort the open transaction of the one before',
    plant() {
      replaceMethod(
        TransactionCoordinator.prototype,
        'initProducerId',
        (init) =>
          function (this: TransactionCoordinator, request: InitProducerId, ...rest: unknown[]) {
            const before = this.get(request.transactionalId);
            if (before?.status === 'Ongoing')
              this.replay({ transactionalId: before.transactionalId, transaction: { ...before, status: 'Empty' } });
            return init.call(this, request, ...rest);
          },
      );
    },
  },
  'end-without-epoch': {
    breaks: 'the end of a transaction of version 2 brings no epoch (KAFKA-17754)',
    plant() {
      replaceMethod(
        TransactionCoordinator.prototype,
        'endTxn',
        (end) =>
          function (this: TransactionCoordinator, request: EndTxn, ...rest: unknown[]) {
            return end.call(this, { ...request, clientVersion: 0 }, ...rest);
          },
      );
    },
  },
  'older-epochs-accepted': {
    breaks: 'a partition takes batches of a producer epoch below the one it has seen',
    plant() {
      replaceMethod(
        ProducerStates.prototype,
        'check',
        (check) =>
          function (this: ProducerStates, batch: RecordBatch, ...rest: unknown[]) {
            const known = this.get(batch.producerId);
            if (!batch.isControl && known !== undefined && batch.producerEpoch < known.producerEpoch) return;
            check.call(this, batch, ...rest);
          },
      );
      replaceMethod(
        TransactionalAppends.prototype,
        'verified',
        () => (_p: unknown, _v: unknown, _n: unknown, append: () => unknown) => append(),
      );
    },
  },
  'partitions-not-asked-for': {
    breaks: 'a partition lets a transaction in without asking its coordinator (KAFKA-14884)',
    plant() {
      replaceMethod(
        TransactionalAppends.prototype,
        'verified',
        () => (_p: unknown, _v: unknown, _n: unknown, append: () => unknown) => append(),
      );
    },
  },
  'markers-of-any-coordinator': {
    breaks: 'a marker is taken whatever epoch its coordinator has (KAFKA-9144)',
    plant() {
      replaceMethod(
        MarkerSender.prototype,
        'write',
        (write) =>
          function (this: MarkerSender, partition: number, _epoch: number, effects: readonly MarkersToWrite[]) {
            return write.call(this, partition, (markersWritten = (markersWritten + 7) % 10), effects);
          },
      );
      replaceMethod(
        ProducerStates.prototype,
        'check',
        (check) =>
          function (this: ProducerStates, batch: RecordBatch, ...rest: unknown[]) {
            if (!batch.isControl) check.call(this, batch, ...rest);
          },
      );
    },
  },
  'one-marker-is-enough': {
    breaks: 'only the first partition of a transaction gets its marker',
    plant() {
      replaceMethod(
        MarkerSender.prototype,
        'write',
        (write) =>
          function (this: MarkerSender, partition: number, epoch: number, effects: readonly MarkersToWrite[]) {
            const fewer = effects.map((markers) => ({ ...markers, partitions: new Map([...markers.partitions].slice(0, 1)) }));
            return write.call(this, partition, epoch, fewer);
          },
      );
    },
  },
  'prepared-is-forgotten': {
    breaks: 'a new coordinator does not go on with ends that were decided before it (KAFKA-16352)',
    plant() {
      replaceMethod(
        TransactionCoordinator.prototype,
        'loaded',
        (loaded) =>
          function (this: TransactionCoordinator, ...args: unknown[]) {
            loaded.apply(this, args);
            return { records: [] };
          },
      );
    },
  },
  'no-timeouts': {
    breaks: 'transactions stay open for ever when their producer goes away',
    plant() {
      replaceMethod(
        TransactionCoordinator.prototype,
        'tick',
        () =>
          function (this: TransactionCoordinator & { now?: never }, scope: { now: { monotonic: number } }) {
            later.set(this, scope.now.monotonic + 1000);
            return { records: [] };
          },
      );
      replaceGetter(
        TransactionCoordinator.prototype,
        'nextDeadline',
        (next) =>
          function (this: TransactionCoordinator) {
            return later.get(this) ?? next.call(this);
          },
      );
    },
  },
  'aborted-offsets-count': {
    breaks: 'offsets of a transaction that is aborted are committed all the same',
    plant: () => offsetsEndAs({ committed: true }),
  },
  'committed-offsets-dropped': {
    breaks: 'offsets of a transaction that is committed are forgotten',
    plant: () => offsetsEndAs({ committed: false }),
  },
  'offsets-outside-of-the-transaction': {
    breaks: 'offsets of a transaction count at once, whatever becomes of it',
    plant() {
      replaceMethod(
        Offsets.prototype,
        'replay',
        (replay) =>
          function (this: Offsets, record: object, place: object) {
            return replay.call(this, record, { ...place, producerId: -1n });
          },
      );
    },
  },
  'unstable-offsets-are-final': {
    breaks: 'an offset is told as final while an open transaction may change it (KIP-447)',
    plant() {
      replaceMethod(Offsets.prototype, 'isUnstable', () => () => false);
    },
  },
};

let markersWritten = 0;
const later = new WeakMap<TransactionCoordinator, number>();

/** Whatever a transaction ended in, its offsets are taken for ended in this way. */
function offsetsEndAs(outcome: { committed: boolean }): void {
  replaceMethod(
    Offsets.prototype,
    'replayTransactionEnd',
    (replay) =>
      function (this: Offsets, end: object) {
        return replay.call(this, { ...end, ...outcome });
      },
  );
}
