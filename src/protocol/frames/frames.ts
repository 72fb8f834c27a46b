import { apiByKey } from '../apis/index.ts';
import {
  type Api,
  includesVersion,
  ProtocolError,
  Reader,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  Writer,
} from '../schema/index.ts';
import { requestHeader, responseHeader } from './headers.ts';

const apiVersionsKey = 18;
/** Array elements in one request, all arrays together. No client comes near; without a bound 100 MiB could become gigabytes of objects. */
const maxRequestElements = 1_000_000;

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where in the frame the request itself starts. */
  readonly bodyOffset: number;
}

/**
 * Reads the header of a request; `frame` comes without its length prefix. The version may be one that the API does not have: it is for
 * the caller to answer that.
 * @throws ProtocolError for malformed bytes and for a key that no API has, whose header could have any form
 */
export function decodeRequestHeader(frame: Buffer): RequestHeader {
  if (frame.length < 4) throw new ProtocolError(`a request of ${frame.length} bytes`);
  const apiKey = frame.readInt16BE(0);
  const api = apiByKey(apiKey);
  if (api === undefined) throw new ProtocolError(`no API has the key ${apiKey}`);
  const reader = new Reader(frame);
  const header = requestHeader.decode(requestHeaderVersion(api, frame.readInt16BE(2)), reader);
  return {
    apiKey,
    apiVersion: header.requestApiVersion,
    correlationId: header.correlationId,
    clientId: header.clientId,
    bodyOffset: reader.position,
  };
}

/**
 * Reads the request that starts at `bodyOffset`. Bytes after it are ignored, as Apache Kafka ignores them.
 * @throws ProtocolError for malformed bytes, KafkaError UNSUPPORTED_VERSION for a version the API does not have
 */
export function decodeRequest<A extends Api>(api: A, version: number, frame: Buffer, bodyOffset: number): RequestOf<A> {
  return api.request.decode(version, new Reader(frame, bodyOffset, frame.length, maxRequestElements));
}

/** A request with its length prefix, in pieces to be sent in order. Large byte fields are pieces by reference: do not change them until sent. */
export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  request: RequestInput<A>,
): Buffer[] {
  return frameOf((writer) => {
    requestHeader.encode(requestHeaderVersion(api, version), writer, { requestApiKey: api.key, requestApiVersion: version, ...header });
    api.request.encode(version, writer, request);
  });
}

/** A response with its length prefix, in pieces; see {@link encodeRequest}. */
export function encodeResponse<A extends Api>(api: A, version: number, correlationId: number, response: ResponseInput<A>): Buffer[] {
  return frameOf((writer) => {
    responseHeader.encode(responseHeaderVersion(api, version), writer, { correlationId });
    api.response.encode(version, writer, response);
  });
}

/**
 * Reads a response; `frame` comes without its length prefix.
 * @throws ProtocolError for malformed bytes, KafkaError UNSUPPORTED_VERSION for a version the API does not have
 */
export function decodeResponse<A extends Api>(api: A, version: number, frame: Buffer): { correlationId: number; response: ResponseOf<A> } {
  const reader = new Reader(frame);
  const { correlationId } = responseHeader.decode(responseHeaderVersion(api, version), reader);
  return { correlationId, response: api.response.decode(version, reader) };
}

function requestHeaderVersion(api: Api, version: number): number {
  return includesVersion(api.flexible, version) ? 2 : 1;
}

/** An answer to ApiVersions must be readable before the versions are agreed upon: its header never has tagged fields (KIP-511). */
function responseHeaderVersion(api: Api, version: number): number {
  return includesVersion(api.flexible, version) && api.key !== apiVersionsKey ? 1 : 0;
}

function frameOf(write: (writer: Writer) => void): Buffer[] {
  const writer = new Writer();
  writer.int32(0);
  write(writer);
  const size = writer.size - 4;
  const pieces = writer.finish();
  pieces[0]!.writeInt32BE(size, 0);
  return pieces;
}
