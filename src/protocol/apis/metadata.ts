import {
  array,
  bool,
  defineApi,
  errorCode,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uuid,
} from '../schema/index.ts';

/** Metadata: Which brokers are there, which partitions do these topics have, and who leads them? */
export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: '0-13',
  flexible: '9+',
  listeners: ['broker'],
  request: {
    /** Null asks for all topics, an empty list for none; in version 0 an empty list asks for all. */
    topics: array(
      {
        topicId: uuid({ versions: '10+', ignorable: true }),
        /** From version 12 on null when topicId names the topic. */
        name: string({ nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool({ versions: '4+', default: true }),
    includeClusterAuthorizedOperations: bool({ versions: '8-10' }),
    includeTopicAuthorizedOperations: bool({ versions: '8+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ versions: '1+', nullable: '1+', default: null, ignorable: true }),
    }),
    clusterId: string({ versions: '2+', nullable: '2+', default: null, ignorable: true }),
    controllerId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array({
      errorCode: errorCode(),
      name: string({ nullable: '12+' }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      isInternal: bool({ versions: '1+', default: false, ignorable: true }),
      partitions: array({
        errorCode: errorCode(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array(int32(), { versions: '5+', ignorable: true }),
      }),
      /** Bits of AclOperation; the smallest int32 when not asked for. */
      topicAuthorizedOperations: int32({ versions: '8+', default: -2147483648 }),
    }),
    /** Bits of AclOperation; the smallest int32 when not asked for. */
    clusterAuthorizedOperations: int32({ versions: '8-10', default: -2147483648 }),
    errorCode: errorCode({ versions: '13+', ignorable: true }),
  },
});

export type MetadataRequest = RequestOf<typeof metadata>;
export type MetadataRequestInput = RequestInput<typeof metadata>;
export type MetadataResponse = ResponseOf<typeof metadata>;
export type MetadataResponseInput = ResponseInput<typeof metadata>;
