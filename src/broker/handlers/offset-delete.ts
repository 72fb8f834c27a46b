import { offsetDelete } from '#protocol/apis/offset-delete.ts';
import { handler } from '../handler.ts';

/** OffsetDelete: forget the offsets of a group for these partitions. */
export const handleOffsetDelete = handler(
  offsetDelete,
  '0',
  async ({ groupId, topics: asked }, context) => {
    const wanted = asked.map(({ name, partitions }) => ({ name, partitions: partitions.map(({ partitionIndex }) => partitionIndex) }));
    const known = wanted.filter(({ name }) => context.image.topics.byName(name) !== undefined);
    const errors = await context.groups.ask(groupId, context, (groups, scope) => groups.offsets.delete(groupId, known, scope));
    const errorsOf = new Map(known.map(({ name }, index) => [name, errors[index]!]));
    const topics = wanted.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partitionIndex, index) => ({
        partitionIndex,
        errorCode: errorsOf.get(name)?.[index] ?? ('UNKNOWN_TOPIC_OR_PARTITION' as const),
      })),
    }));
    return { errorCode: 'NONE' as const, throttleTimeMs: 0, topics };
  },
  { failed: (_, error) => ({ errorCode: error.errorName, throttleTimeMs: 0, topics: [] }) },
);
