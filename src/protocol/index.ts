/** What the bytes mean: Kafka's errors, messages, record batches and compression. */

export { allApis, apiByKey } from './apis/index.ts';
export { type Codec, codecId, codecOf, compress, decompress, requireCodec } from './compression/codec.ts';
export { crc32c } from './crc32c.ts';
export {
  asKafkaError,
  type ErrorName,
  errorCode,
  errorName,
  errorNames,
  errorSentence,
  isRetriable,
  KafkaError,
} from './errors.ts';
export {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestHeader,
} from './frames/frames.ts';
export { batchesIn, batchSizeAt, nextBatch } from './records/batches.ts';
export { buildRecordBatch, type RecordBatchInput, type RecordInput } from './records/build.ts';
export {
  buildControlBatch,
  buildEndTransactionMarker,
  type ControlBatchInput,
  type ControlRecordInput,
  type ControlRecordType,
  controlRecordKey,
  controlRecordType,
  type EndTransactionMarker,
  readEndTransactionMarker,
} from './records/control.ts';
export { recordBatchHeaderSize, type TimestampType } from './records/layout.ts';
export type { LogRecord, RecordHeader } from './records/read-records.ts';
export { defaultMaxInflatedBytes, RecordBatch } from './records/record-batch.ts';
export { addToSequence } from './records/sequence.ts';
export {
  type Api,
  type DecodedOf,
  decodeMessage,
  decodeMessageAt,
  defineApi,
  defineMessage,
  encodeMessage,
  formatVersions,
  type InputOf,
  includesVersion,
  type ListenerKind,
  Message,
  ProtocolError,
  parseVersions,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  type VersionRange,
  withDefaults,
  zeroUuid,
} from './schema/index.ts';
