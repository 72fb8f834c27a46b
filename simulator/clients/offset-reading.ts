import type { ErrorName } from '#protocol';
import { offsetFetch } from '#protocol/apis/offset-fetch.ts';
import type { OffsetHistory, SeenOffset } from '../checkers/offset-history.ts';
import { placeOf } from '../checkers/transaction-history.ts';
import type { CoordinatorLink } from './coordinator-link.ts';

export interface OffsetsToRead {
  readonly group: string;
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly number[];
  /** Who asks, when it is a member of a group with the new protocol. */
  readonly memberId?: string;
  readonly memberEpoch?: number;
}

/** One try to learn how far a group has read, of what is not waiting for a transaction's end; what is shown is looked at (G3, T6). An error name, or undefined without an answer. */
export async function readOffsets(
  link: CoordinatorLink,
  history: OffsetHistory,
  { group, topic, topicId, partitions, memberId = undefined, memberEpoch = -1 }: OffsetsToRead,
): Promise<ReadonlyMap<number, bigint> | ErrorName | undefined> {
  const askedAt = history.now();
  const topics = [{ name: topic, topicId, partitionIndexes: [...partitions] }];
  const request = {
    groupId: '',
    topics: [],
    groups: [{ groupId: group, memberId: memberId ?? null, memberEpoch, topics }],
    requireStable: true,
  };
  const response = await link.ask(offsetFetch, request, ({ groups }) => groups[0]?.errorCode);
  const answer = response === 'not-sent' ? undefined : response?.groups[0];
  if (answer === undefined) return undefined;
  if (answer.errorCode !== 'NONE') return answer.errorCode;
  const found = answer.topics[0]?.partitions ?? [];
  const refused = found.find(({ errorCode }) => errorCode !== 'NONE');
  if (refused !== undefined) return refused.errorCode;
  for (const partition of found) history.seen(group, placeOf(topicId, partition.partitionIndex), partition satisfies SeenOffset, askedAt);
  return new Map(found.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]));
}
