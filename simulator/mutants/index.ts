import { httpMutants, metadataMutants } from './metadata.ts';
import type { Mutant } from './planting.ts';
import { replicationMutants } from './replication.ts';
import { storageMutants } from './storage.ts';

/**
 * Faults planted in the product's code, by name: a simulator that does not notice them proves nothing. `npm run simulate -- --mutant NAME` runs with one
 * and should fail. The product has no switches for them: methods are replaced from outside.
 */
export const mutants: Readonly<Record<string, Mutant>> = { ...storageMutants, ...replicationMutants, ...metadataMutants, ...httpMutants };
