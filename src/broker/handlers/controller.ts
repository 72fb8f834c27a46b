import { allocateProducerIds } from '#protocol/apis/allocate-producer-ids.ts';
import { alterConfigs } from '#protocol/apis/alter-configs.ts';
import { alterPartition } from '#protocol/apis/alter-partition.ts';
import { alterPartitionReassignments } from '#protocol/apis/alter-partition-reassignments.ts';
import { assignReplicasToDirs } from '#protocol/apis/assign-replicas-to-dirs.ts';
import { brokerHeartbeat } from '#protocol/apis/broker-heartbeat.ts';
import { brokerRegistration } from '#protocol/apis/broker-registration.ts';
import { createPartitions } from '#protocol/apis/create-partitions.ts';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import { electLeaders } from '#protocol/apis/elect-leaders.ts';
import { incrementalAlterConfigs } from '#protocol/apis/incremental-alter-configs.ts';
import { listPartitionReassignments } from '#protocol/apis/list-partition-reassignments.ts';
import { unregisterBroker } from '#protocol/apis/unregister-broker.ts';
import { updateFeatures } from '#protocol/apis/update-features.ts';
import { handler } from '../handler.ts';

/** Requests of brokers to the controller. One that is not the controller says so, and they look again. */
const fromBrokers = [
  handler(brokerRegistration, '0-4', (request, context) => context.controller.brokerRegistration(request)),
  handler(brokerHeartbeat, '0-2', (request, context) => {
    context.vanishedBrokers.heardOf(request, context.connection);
    return context.controller.brokerHeartbeat(request);
  }),
  handler(alterPartition, '2-3', (request, context) => context.controller.alterPartition(request, { version: context.apiVersion })),
  handler(assignReplicasToDirs, '0', (request, context) => context.controller.assignReplicasToDirs(request)),
  handler(allocateProducerIds, '0', (request, context) => context.controller.allocateProducerIds(request)),
];

/** Requests of clients that change the cluster: any broker takes them. */
const fromClients = [
  handler(createTopics, '2-7', (request, context) => context.controller.createTopics(request, { version: context.apiVersion }), {
    place: 'controller',
    failed: (request, error) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name }) => ({ name, errorCode: error.errorName, errorMessage: error.message })),
    }),
  }),
  handler(deleteTopics, '1-6', (request, context) => context.controller.deleteTopics(request, { version: context.apiVersion }), {
    place: 'controller',
    failed: (request, error) => ({
      throttleTimeMs: 0,
      responses: [
        ...request.topicNames.map((name) => ({ name, errorCode: error.errorName, errorMessage: error.message })),
        ...request.topics.map(({ name, topicId }) => ({ name, topicId, errorCode: error.errorName, errorMessage: error.message })),
      ],
    }),
  }),
  handler(createPartitions, '0-3', (request, context) => context.controller.createPartitions(request), {
    place: 'controller',
    failed: (request, error) => ({
      throttleTimeMs: 0,
      results: request.topics.map(({ name }) => ({ name, errorCode: error.errorName, errorMessage: error.message })),
    }),
  }),
  handler(alterConfigs, '0-2', (request, context) => context.controller.alterConfigs(request), {
    place: 'controller',
    failed: (request, error) => ({ throttleTimeMs: 0, responses: request.resources.map((resource) => failedResource(resource, error)) }),
  }),
  handler(electLeaders, '0-2', (request, context) => context.controller.electLeaders(request), {
    place: 'controller',
    failed: (request, error, apiVersion) => {
      // Version 0 has an error for each partition that is named, and no other.
      if (apiVersion === 0 && request.topicPartitions === null) return 'close';
      const row = (partitionId: number) => ({ partitionId, errorCode: error.errorName, errorMessage: error.message });
      return {
        throttleTimeMs: 0,
        errorCode: apiVersion === 0 ? 'NONE' : error.errorName,
        replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
          topic,
          partitionResult: partitions.map(row),
        })),
      };
    },
  }),
  handler(alterPartitionReassignments, '0-1', (request, context) => context.controller.alterPartitionReassignments(request), {
    place: 'controller',
  }),
  handler(listPartitionReassignments, '0', (request, context) => context.controller.listPartitionReassignments(request), {
    place: 'controller',
  }),
  handler(unregisterBroker, '0', (request, context) => context.controller.unregisterBroker(request), { place: 'controller' }),
  handler(updateFeatures, '0-2', (request, context) => context.controller.updateFeatures(request), { place: 'controller' }),
  handler(incrementalAlterConfigs, '0-1', (request, context) => context.controller.incrementalAlterConfigs(request), {
    place: 'controller',
    failed: (request, error) => ({ throttleTimeMs: 0, responses: request.resources.map((resource) => failedResource(resource, error)) }),
  }),
];

function failedResource<E extends string>(
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
  error: { errorName: E; message: string },
) {
  return { errorCode: error.errorName, errorMessage: error.message, resourceType, resourceName };
}

export const controllerHandlers = [...fromBrokers, ...fromClients];
