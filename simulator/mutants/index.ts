import type { WorkloadKind } from '../plan/plan.ts';
import { cleanerMutants } from './cleaner.ts';
import { coordinatorMutants } from './coordinators.ts';
import { groupMutants } from './groups.ts';
import { httpMutants, metadataMutants } from './metadata.ts';
import type { Mutant } from './planting.ts';
import { replicationMutants } from './replication.ts';
import { storageMutants } from './storage.ts';
import { transactionMutants } from './transactions.ts';

/**
 * Faults planted in the product's code, by name: a simulator that does not notice them proves nothing. `npm run simulate -- --mutant NAME` runs with one
 * and should fail. The product has no switches for them: methods are replaced from outside.
 */
export const mutants: Readonly<Record<string, Mutant>> = {
  ...storageMutants,
  ...cleanerMutants,
  ...replicationMutants,
  ...metadataMutants,
  ...httpMutants,
  ...coordinatorMutants,
  ...transactionMutants,
  ...groupMutants,
};

/** Those that the clients of a workload can notice. */
export const mutantsOf: Readonly<Record<WorkloadKind, readonly string[]>> = {
  records: Object.keys({ ...storageMutants, ...replicationMutants, ...metadataMutants, ...httpMutants }),
  transactions: Object.keys({ ...coordinatorMutants, ...transactionMutants, ...cleanerMutants }),
  groups: Object.keys({ ...coordinatorMutants, ...groupMutants, 'newest-goes-too': cleanerMutants['newest-goes-too'] }),
};
