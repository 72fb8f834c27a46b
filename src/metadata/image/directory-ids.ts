/** The ids of directories that stand for a state, as Kafka writes them. This one: the broker has several directories and will choose. */
export const unassignedDirectory = 'AAAAAAAAAAAAAAAAAAAAAQ';
/** The replica's directory has failed. */
export const lostDirectory = 'AAAAAAAAAAAAAAAAAAAAAg';

/** Kafka reserves the ids whose first 15 of 16 bytes are zero. */
export function isReservedDirectory(id: string): boolean {
  return id.startsWith('AAAAAAAAAAAAAAAAAAAA');
}
