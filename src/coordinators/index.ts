/** Coordinators: who is in a group and how far it has read, and which transactions are under way. Requests in, records and answers out. */
export * from './group/index.ts';
export * from './runtime/index.ts';
export * from './transaction/index.ts';
