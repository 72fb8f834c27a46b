import {
  array,
  bool,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

/** DescribeLogDirs: What lies in the data directories of this broker, and how large is it? */
export const describeLogDirs = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: '1-5',
  flexible: '2+',
  listeners: ['broker'],
  request: {
    /** Null asks for all topics. */
    topics: array({ topic: string(), partitions: array(int32()) }, { nullable: '0+' }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode({ versions: '3+', ignorable: true }),
    results: array({
      errorCode: errorCode(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          /** How far the log end of a replica that moves is behind; of others, behind the high watermark. */
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64({ versions: '4+', default: -1n, ignorable: true }),
      usableBytes: int64({ versions: '4+', default: -1n, ignorable: true }),
      isCordoned: bool({ versions: '5+', default: false, ignorable: true }),
    }),
  },
});

export type DescribeLogDirsRequest = RequestOf<typeof describeLogDirs>;
export type DescribeLogDirsRequestInput = RequestInput<typeof describeLogDirs>;
export type DescribeLogDirsResponse = ResponseOf<typeof describeLogDirs>;
export type DescribeLogDirsResponseInput = ResponseInput<typeof describeLogDirs>;
