import {
  array,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  uuid,
} from '../schema/index.ts';

/** AssignReplicasToDirs: A broker tells the controller in which data directories its replicas lie. */
export const assignReplicasToDirs = defineApi({
  key: 73,
  name: 'AssignReplicasToDirs',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1n }),
    directories: array({
      id: uuid(),
      topics: array({ topicId: uuid(), partitions: array({ partitionIndex: int32() }) }),
    }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({ partitionIndex: int32(), errorCode: errorCode() }),
      }),
    }),
  },
});

export type AssignReplicasToDirsRequest = RequestOf<typeof assignReplicasToDirs>;
export type AssignReplicasToDirsRequestInput = RequestInput<typeof assignReplicasToDirs>;
export type AssignReplicasToDirsResponse = ResponseOf<typeof assignReplicasToDirs>;
export type AssignReplicasToDirsResponseInput = ResponseInput<typeof assignReplicasToDirs>;
