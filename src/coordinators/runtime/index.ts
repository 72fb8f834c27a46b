/** What the coordinators of groups and of transactions have in common: the shell around their cores, and where a group or a transactional id belongs. */
export type { CoordinatorCore, CoordinatorLog, RecordCodec, RecordPlace, TransactionEnd } from './core.ts';
export { Deadlines } from './deadlines.ts';
export type { Answer, Decision, InTransaction, Now, Scope, Ticket } from './decision.ts';
export { coordinatorError } from './errors.ts';
export { partitionForKey } from './placement.ts';
export { CoordinatorRuntime, type CoordinatorRuntimeOptions } from './runtime.ts';
export type { Marker } from './shard.ts';
