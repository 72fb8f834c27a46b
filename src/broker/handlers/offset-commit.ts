import type { CommittedTopic, TopicToCommit } from '#coordinators';
import { asKafkaError, type ErrorName } from '#protocol';
import { type OffsetCommitRequest, type OffsetCommitResponseInput, offsetCommit } from '#protocol/apis/offset-commit.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { resolveTopic } from '../topics.ts';

type AskedTopic = Pick<OffsetCommitRequest['topics'][number], 'name' | 'topicId' | 'partitions'>;
type AnsweredTopic = OffsetCommitResponseInput['topics'][number];

/** OffsetCommit: remember how far a group has read. */
export const handleOffsetCommit = handler(
  offsetCommit,
  '2-10',
  async (request, context) => {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch, retentionTimeMs: retentionMs } = request;
    const asked = request.topics.map((topic) => ({ topic, resolved: resolve(topic, context.apiVersion >= 10, context) }));
    const known = asked.flatMap(({ resolved }) => (typeof resolved === 'string' ? [] : [resolved]));
    const committed =
      known.length === 0
        ? []
        : await context.groups.ask(groupId, context, (groups, scope) =>
            groups.offsets.commit(groupId, { memberId, groupInstanceId, generationIdOrMemberEpoch }, known, { retentionMs }, scope),
          );
    let next = 0;
    const topics = asked.map(({ topic, resolved }) =>
      typeof resolved === 'string' ? refused(topic, resolved) : answered(topic, committed[next++]!),
    );
    return { throttleTimeMs: 0, topics };
  },
  {
    failed: (request, error) => ({ throttleTimeMs: 0, topics: request.topics.map((topic) => refused(topic, told(error.errorName))) }),
  },
);

/** The topic as this broker knows it, or why it does not. */
export function resolve(topic: AskedTopic, byId: boolean, context: Context): TopicToCommit | ErrorName {
  try {
    const { name, id } = resolveTopic(topic.name, topic.topicId, byId, context);
    return { name, topicId: id, partitions: topic.partitions };
  } catch (error) {
    return asKafkaError(error).errorName;
  }
}

/** A commit that does not fit into the log has an error of its own. */
function told(error: ErrorName): ErrorName {
  return error === 'UNKNOWN_SERVER_ERROR' ? 'INVALID_COMMIT_OFFSET_SIZE' : error;
}

export function answered({ name, topicId }: AskedTopic, { partitions }: CommittedTopic): AnsweredTopic {
  return { name, topicId, partitions: [...partitions] };
}

export function refused({ name, topicId, partitions }: AskedTopic, errorCode: ErrorName): AnsweredTopic {
  return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) };
}
