import type { FetchedTopic, TopicToFetch } from '#coordinators';
import { asKafkaError, type ErrorName, zeroUuid } from '#protocol';
import { type OffsetFetchRequest, type OffsetFetchResponseInput, offsetFetch } from '#protocol/apis/offset-fetch.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type AskedGroup = OffsetFetchRequest['groups'][number];
type AskedTopic = NonNullable<AskedGroup['topics']>[number];
type AnsweredGroup = NonNullable<OffsetFetchResponseInput['groups']>[number];

/** OffsetFetch: how far have these groups read? */
export const handleOffsetFetch = handler(
  offsetFetch,
  '1-10',
  async (request, context) => {
    const { requireStable } = request;
    if (context.apiVersion >= 8) {
      const groups = request.groups.map((group) => answer(group, requireStable, context));
      return { throttleTimeMs: 0, groups: await Promise.all(groups) };
    }
    const topics = request.topics?.map((topic) => ({ ...topic, topicId: zeroUuid })) ?? null;
    const only = await answer({ groupId: request.groupId, memberId: null, memberEpoch: -1, topics }, requireStable, context);
    return single(only, topics, context.apiVersion);
  },
  {
    failed: (request, error, apiVersion) =>
      apiVersion >= 8
        ? { groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode: error.errorName })) }
        : single({ groupId: '', topics: [], errorCode: error.errorName }, request.topics, apiVersion),
  },
);

/** The one group of an older version. Version 1 has no place for an error but at each partition. */
function single(
  group: AnsweredGroup,
  asked: readonly Pick<AskedTopic, 'name' | 'partitionIndexes'>[] | null,
  apiVersion: number,
): OffsetFetchResponseInput {
  const { errorCode = 'NONE' } = group;
  if (errorCode === 'NONE' || apiVersion >= 2)
    return { throttleTimeMs: 0, errorCode, topics: group.topics as OffsetFetchResponseInput['topics'] };
  return {
    throttleTimeMs: 0,
    topics: (asked ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => nothing(index, errorCode)),
    })),
  };
}

async function answer(group: AskedGroup, requireStable: boolean, context: Context): Promise<AnsweredGroup> {
  const { groupId, memberId, memberEpoch } = group;
  const byId = context.apiVersion >= 10;
  const { topics } = context.image;
  const idOf = (name: string) => topics.byName(name)?.id ?? zeroUuid;
  const asked = group.topics?.map((topic) => ({ topic, known: known(topic, byId, context) })) ?? null;
  const wanted = asked?.flatMap(({ known: found }) => (found === undefined ? [] : [found])) ?? null;
  try {
    const found = await context.groups.ask(groupId, context, (groups) =>
      groups.offsets.fetch({ groupId, memberId, memberEpoch, topics: wanted, requireStable }, idOf),
    );
    let next = 0;
    // Where topics are named by id, offsets of one that is gone have no name to go by.
    const answered =
      asked === null
        ? found.filter(({ topicId }) => !byId || topicId !== zeroUuid).map(shown)
        : asked.map(({ topic, known: each }) => (each === undefined ? unknown(topic) : shown(found[next++]!)));
    return { groupId, topics: answered, errorCode: 'NONE' };
  } catch (error) {
    return { groupId, topics: [], errorCode: asKafkaError(error).errorName };
  }
}

/** Undefined for an id that no topic has. Names need not be those of topics that are there. */
function known({ name, topicId, partitionIndexes }: AskedTopic, byId: boolean, context: Context): TopicToFetch | undefined {
  const { topics } = context.image;
  const topic = byId ? topics.byId(topicId) : topics.byName(name);
  if (topic === undefined) return byId ? undefined : { name, topicId: zeroUuid, partitionIndexes };
  return { name: topic.name, topicId: topic.id, partitionIndexes };
}

function unknown({ name, topicId, partitionIndexes }: AskedTopic) {
  return { name, topicId, partitions: partitionIndexes.map((index) => nothing(index, 'UNKNOWN_TOPIC_ID')) };
}

function nothing(partitionIndex: number, errorCode: ErrorName) {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode };
}

function shown({ name, topicId, partitions }: FetchedTopic) {
  return { name, topicId, partitions: [...partitions] };
}
