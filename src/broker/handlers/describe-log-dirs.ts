import type { ResponseInput } from '#protocol';
import { describeLogDirs } from '#protocol/apis/describe-log-dirs.ts';
import { handler } from '../handler.ts';

type TopicAnswer = ResponseInput<typeof describeLogDirs>['results'][number]['topics'][number];

/** DescribeLogDirs: how many bytes does this broker hold, of which partitions? */
export const handleDescribeLogDirs = handler(
  describeLogDirs,
  '1-5',
  (request, context): ResponseInput<typeof describeLogDirs> => {
    const { logDirectory } = context;
    const isOffline = logDirectory.state === 'offline';
    const wanted =
      request.topics === null ? undefined : new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]));
    const topics = new Map<string, TopicAnswer & { partitions: TopicAnswer['partitions'][number][] }>();
    for (const { log, topic, index } of context.partitions.all()) {
      if (wanted !== undefined && !wanted.get(topic)?.has(index)) continue;
      let found = topics.get(topic);
      if (found === undefined) topics.set(topic, (found = { name: topic, partitions: [] }));
      found.partitions.push({ partitionIndex: index, partitionSize: BigInt(log.size), offsetLag: 0n, isFutureKey: false });
    }
    return {
      throttleTimeMs: 0,
      errorCode: 'NONE',
      results: [
        {
          errorCode: isOffline ? 'KAFKA_STORAGE_ERROR' : 'NONE',
          logDir: logDirectory.path,
          topics: [...topics.values()],
          usableBytes: BigInt(isOffline ? -1 : (context.freeBytes() ?? -1)),
        },
      ],
    };
  },
  {
    // Before version 3 there is no error but a directory's.
    failed: (_, { errorName: errorCode }, apiVersion) => ({
      throttleTimeMs: 0,
      errorCode,
      results: apiVersion >= 3 ? [] : [{ errorCode, logDir: '', topics: [] }],
    }),
  },
);
