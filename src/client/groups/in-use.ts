import { KafkaError } from '#protocol';
import type { DescribedGroup } from './describe-groups.ts';

const shown = 3;

/** NON_EMPTY_GROUP, with who is in the group and what to do about it. @param what the group cannot: "be deleted" */
export function inUse({ groupId, state, members }: DescribedGroup, what: string): KafkaError {
  const named = members.slice(0, shown).map(({ memberId, clientId, host }) => `${memberId} (client ${clientId} at ${hostOnly(host)})`);
  const more = members.length > shown ? ` and ${members.length - shown} more` : '';
  const who =
    members.length === 0
      ? `is ${state}`
      : `has ${members.length === 1 ? '1 member' : `${members.length} members`}: ${named.join(', ')}${more}`;
  return new KafkaError(
    'NON_EMPTY_GROUP',
    `group ${groupId} ${who}. It cannot ${what} before they have stopped; those that were killed are out after their session timeout.`,
  );
}

/** Kafka writes a slash before an address that has no name. */
export function hostOnly(host: string): string {
  return host.replace(/^\//, '');
}
