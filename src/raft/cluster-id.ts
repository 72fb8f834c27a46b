import { createHash } from 'node:crypto';
import type { Voter } from './types.ts';
import { inIdOrder } from './voters.ts';

/** Kafka's reserved ids, which no cluster may carry: zero, and the one of the metadata topic. */
const reservedIds: readonly string[] = ['AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ'];

/**
 * The id of the cluster that these voters founded, in Kafka's text form. It is a digest of the founding voter set, so every broker
 * finds the same one in its own log; directory ids are random, so no two clusters share it.
 */
export function clusterIdOf(founders: readonly Voter[]): string {
  const content = inIdOrder(founders).map(({ id, directoryId, address }) => [id, directoryId, address.host, address.port]);
  for (let attempt = 0; ; attempt++) {
    const digest = createHash('sha256')
      .update(JSON.stringify([attempt, content]))
      .digest();
    const id = digest.subarray(0, 16).toString('base64url');
    if (!id.startsWith('-') && !reservedIds.includes(id)) return id;
  }
}
