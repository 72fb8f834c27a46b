/** The language in which messages are written down: fields with Kafka's option names, from which types, decoders and encoders follow. */
export {
  array,
  bool,
  bytes,
  type Decoded,
  errorCode,
  type Field,
  type Fields,
  float64,
  type Input,
  int8,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uint16,
  uint32,
  uuid,
} from './fields.ts';
export {
  type Api,
  type DecodedOf,
  decodeMessage,
  decodeMessageAt,
  defineApi,
  defineMessage,
  encodeMessage,
  type InputOf,
  type ListenerKind,
  Message,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
} from './message.ts';
export { ProtocolError } from './protocol-error.ts';
export { Reader } from './reader.ts';
export { zeroUuid } from './uuid.ts';
export { formatVersions, includesVersion, parseVersions, type VersionRange } from './versions.ts';
export { withDefaults } from './with-defaults.ts';
export { Writer } from './writer.ts';
