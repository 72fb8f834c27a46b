import { TransactionCoordinator } from '../../src/coordinators/transaction/transaction-coordinator.ts';

const firstEpoch = 32_763;

/** From now on every new transactional id has used up nearly all epochs of its first producer id. Gives what ends that. */
export function nearlyUsedUp(): () => void {
  const original = TransactionCoordinator.prototype.initProducerId;
  TransactionCoordinator.prototype.initProducerId = function (this: TransactionCoordinator, request, scope) {
    const decision = original.call(this, request, scope);
    const [record] = decision.records;
    const { response } = decision;
    const isFirst = this.get(request.transactionalId) === undefined && record?.transaction?.producerEpoch === 0;
    if (!isFirst || typeof response !== 'object' || response.producer === undefined) return decision;
    return {
      ...decision,
      records: [{ ...record, transaction: { ...record.transaction!, producerEpoch: firstEpoch } }],
      response: { ...response, producer: { ...response.producer, producerEpoch: firstEpoch } },
    };
  };
  return () => {
    TransactionCoordinator.prototype.initProducerId = original;
  };
}
