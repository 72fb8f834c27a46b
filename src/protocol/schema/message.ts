import { KafkaError } from '../errors.ts';
import { compileDecoder, type Decode } from './decoder.ts';
import { compileEncoder, type Encode } from './encoder.ts';
import type { Decoded, Fields, Input } from './fields.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';
import { formatVersions, includesVersion, parseVersions, type VersionRange } from './versions.ts';
import { Writer } from './writer.ts';

/**
 * A kind of message: its fields and versions, from which the codec of each version is made when it is first needed.
 * `DecodedValue` is the object that decoding gives, `InputValue` the one that encoding takes.
 */
export class Message<DecodedValue = unknown, InputValue = unknown> {
  /** Never there at run time: carries the types. */
  declare readonly types?: { readonly decoded: DecodedValue; readonly input: InputValue };
  readonly name: string;
  /** The number Kafka gives this message, where it gives one: an API's key, a metadata record's type, a coordinator record's key version. */
  readonly apiKey: number | undefined;
  readonly versions: VersionRange;
  /** The versions with compact lengths and tagged fields. */
  readonly flexible: VersionRange;
  readonly fields: Fields;
  readonly #decoders: (Decode | undefined)[] = [];
  readonly #encoders: (Encode | undefined)[] = [];

  constructor(name: string, apiKey: number | undefined, versions: VersionRange, flexible: VersionRange, fields: Fields) {
    this.name = name;
    this.apiKey = apiKey;
    this.versions = versions;
    this.flexible = flexible;
    this.fields = fields;
  }

  /** @throws ProtocolError for malformed bytes, KafkaError UNSUPPORTED_VERSION for a version outside `versions` */
  decode(version: number, reader: Reader): DecodedValue {
    const decode = (this.#decoders[version] ??= compileDecoder(this.fields, this.#checked(version), this.isFlexible(version)));
    try {
      return decode(reader) as DecodedValue;
    } catch (error) {
      if (error instanceof ProtocolError) throw new ProtocolError(`${this.name} v${version}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  /** @throws KafkaError UNSUPPORTED_VERSION for a version outside `versions`, or a value that this version has no room for */
  encode(version: number, writer: Writer, value: InputValue): void {
    const encode = (this.#encoders[version] ??= compileEncoder(this.fields, this.#checked(version), this.isFlexible(version), this.name));
    encode(writer, value as never);
  }

  isFlexible(version: number): boolean {
    return includesVersion(this.flexible, version);
  }

  #checked(version: number): number {
    if (includesVersion(this.versions, version)) return version;
    throw new KafkaError('UNSUPPORTED_VERSION', `${this.name} has versions ${formatVersions(this.versions)}, not ${version}`);
  }
}

/** A record, or other data that stands outside of requests; those of Kafka are in stored/. */
export function defineMessage<F extends Fields>(definition: {
  readonly name: string;
  readonly apiKey?: number;
  readonly versions: string;
  readonly flexible: string;
  readonly fields: F;
}): Message<Decoded<F>, Input<F>> {
  const { name, apiKey, versions, flexible, fields } = definition;
  return new Message(name, apiKey, parseVersions(versions), parseVersions(flexible), fields);
}

/** Who listens for an API in Apache Kafka: brokers, controllers, or both. */
export type ListenerKind = 'broker' | 'controller';

/** One of Kafka's APIs: a request and its response. */
export interface Api<Request = unknown, RequestToEncode = unknown, Response = unknown, ResponseToEncode = unknown> {
  readonly key: number;
  readonly name: string;
  readonly versions: VersionRange;
  readonly flexible: VersionRange;
  /** The highest version may still change in Kafka: it is served and sent only on demand. */
  readonly latestVersionUnstable: boolean;
  readonly listeners: readonly ListenerKind[];
  readonly request: Message<Request, RequestToEncode>;
  readonly response: Message<Response, ResponseToEncode>;
}

export function defineApi<Request extends Fields, Response extends Fields>(definition: {
  readonly key: number;
  readonly name: string;
  readonly versions: string;
  readonly flexible: string;
  readonly latestVersionUnstable?: boolean;
  readonly listeners: readonly ListenerKind[];
  readonly request: Request;
  readonly response: Response;
}): Api<Decoded<Request>, Input<Request>, Decoded<Response>, Input<Response>> {
  const { key, name, latestVersionUnstable = false, listeners } = definition;
  const versions = parseVersions(definition.versions);
  const flexible = parseVersions(definition.flexible);
  return {
    key,
    name,
    versions,
    flexible,
    latestVersionUnstable,
    listeners,
    request: new Message(`${name}Request`, key, versions, flexible, definition.request),
    response: new Message(`${name}Response`, key, versions, flexible, definition.response),
  };
}

type MessageTypes<M extends Message> = NonNullable<M['types']>;
/** What decoding the message gives. */
export type DecodedOf<M extends Message> = MessageTypes<M>['decoded'];
/** What encoding the message takes. */
export type InputOf<M extends Message> = MessageTypes<M>['input'];
/** A decoded request of the API. */
export type RequestOf<A extends Api> = DecodedOf<A['request']>;
/** A request of the API as encoding takes it: fields with defaults may be left out. */
export type RequestInput<A extends Api> = InputOf<A['request']>;
/** A decoded response of the API. */
export type ResponseOf<A extends Api> = DecodedOf<A['response']>;
/** A response of the API as encoding takes it: fields with defaults may be left out. */
export type ResponseInput<A extends Api> = InputOf<A['response']>;

/** Encodes one value into one buffer. */
export function encodeMessage<I>(message: Message<unknown, I>, version: number, value: I): Buffer {
  const writer = new Writer();
  message.encode(version, writer, value);
  const pieces = writer.finish();
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Decodes a buffer that holds one value and nothing else. @throws ProtocolError for malformed bytes, or for bytes left over */
export function decodeMessage<D>(message: Message<D>, version: number, buffer: Buffer): D {
  const { value, end } = decodeMessageAt(message, version, buffer, 0);
  if (end !== buffer.length) throw new ProtocolError(`${message.name} v${version}: ${buffer.length - end} bytes after its end`);
  return value;
}

/** Decodes the value that starts at `position`; `end` is where it ends. @throws ProtocolError for malformed bytes */
export function decodeMessageAt<D>(message: Message<D>, version: number, buffer: Buffer, position: number): { value: D; end: number } {
  const reader = new Reader(buffer, position);
  const value = message.decode(version, reader);
  return { value, end: reader.position };
}
