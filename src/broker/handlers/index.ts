import type { Dispatcher } from '../dispatcher.ts';
import type { Handler } from '../handler.ts';
import { handleApiVersions } from './api-versions.ts';
import { controllerHandlers } from './controller.ts';
import { handleDeleteRecords } from './delete-records.ts';
import { handleDescribeCluster } from './describe-cluster.ts';
import { handleDescribeConfigs } from './describe-configs.ts';
import { handleDescribeLogDirs } from './describe-log-dirs.ts';
import { handleDescribeProducers } from './describe-producers.ts';
import { handleDescribeTopicPartitions } from './describe-topic-partitions.ts';
import { handleEnvelope } from './envelope.ts';
import { handleFetch } from './fetch.ts';
import { handleFindCoordinator } from './find-coordinator.ts';
import { handleInitProducerId } from './init-producer-id.ts';
import { handleListOffsets } from './list-offsets.ts';
import { handleMetadata } from './metadata.ts';
import { handleOffsetForLeaderEpoch } from './offset-for-leader-epoch.ts';
import { handleProduce } from './produce.ts';
import { raftHandlers } from './raft.ts';

/** Everything that a broker serves, in the order of the API keys. The answer to ApiVersions follows from it. */
export function allHandlers(dispatcher: () => Dispatcher): readonly Handler[] {
  const handlers = [
    handleApiVersions(() => dispatcher().handlers),
    handleDeleteRecords,
    handleDescribeCluster,
    handleDescribeConfigs,
    handleDescribeLogDirs,
    handleDescribeProducers,
    handleDescribeTopicPartitions,
    handleEnvelope(dispatcher),
    handleFetch,
    handleFindCoordinator,
    handleInitProducerId,
    handleListOffsets,
    handleMetadata,
    handleOffsetForLeaderEpoch,
    handleProduce,
    ...controllerHandlers,
    ...raftHandlers,
  ] as unknown as Handler[];
  return handlers.sort((a, b) => a.api.key - b.api.key);
}
