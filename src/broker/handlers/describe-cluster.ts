import type { ResponseInput } from '#protocol';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { clusterOperations, noOperations } from '../authorized-operations.ts';
import { controllerToShow } from '../controller-to-show.ts';
import { handler } from '../handler.ts';

const brokers = 1;
const controllers = 2;

/** DescribeCluster: which cluster is this, and which brokers (or controllers) are in it? */
export const handleDescribeCluster = handler(
  describeCluster,
  '0-2',
  (request, context): ResponseInput<typeof describeCluster> => {
    if (request.endpointType !== brokers && request.endpointType !== controllers) {
      return {
        throttleTimeMs: 0,
        errorCode: 'UNSUPPORTED_ENDPOINT_TYPE',
        errorMessage: `endpoint type ${request.endpointType} is unknown; 1 asks for brokers, 2 for controllers`,
        clusterId: '',
        brokers: [],
      };
    }
    return {
      throttleTimeMs: 0,
      errorCode: 'NONE',
      errorMessage: null,
      endpointType: request.endpointType,
      clusterId: context.clusterId ?? '',
      controllerId: controllerToShow(context),
      brokers: context.image.brokers
        .all()
        .filter(({ fenced }) => !fenced || request.includeFencedBrokers)
        .flatMap(({ id, rack, fenced }) => {
          const address = context.addressOf(id);
          return address === undefined ? [] : [{ brokerId: id, host: address.host, port: address.port, rack, isFenced: fenced }];
        }),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : noOperations,
    };
  },
  { beforeFormed: true },
);
