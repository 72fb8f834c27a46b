import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Api,
  allApis,
  decodeMessage,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeMessage,
  encodeRequest,
  encodeResponse,
  type Message,
} from '#protocol';
import { storedMessages } from '#protocol/stored/index.ts';
import { decodeMetadataRecord, encodeMetadataRecord, metadataRecords } from '#protocol/stored/metadata-record.ts';
import { expectedValue, parseJson, withRecordsAsSizes } from './kafka-json.ts';

/** One message as Kafka's own classes wrote it; see GoldenMessages.java. */
interface Golden {
  readonly kind: 'request' | 'response' | 'metadata record' | 'stored';
  readonly name: string;
  readonly version: number;
  readonly filling: 'full' | 'sparse';
  readonly bytes: Buffer;
  readonly json: Parameters<typeof expectedValue>[1];
}

const golden = readFileSync(new URL('messages.json', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line): Golden => {
    const { kind, name, version, filling, bytes } = JSON.parse(line.replace(/,$/, ''));
    const { value } = parseJson(line.replace(/,$/, '')) as { value: Golden['json'] };
    return { kind, name, version, filling, bytes: Buffer.from(bytes, 'hex'), json: value };
  });
const apis = new Map([...allApis.values()].map((api) => [api.name, api]));
const stored = new Map(storedMessages.map((message) => [message.name, message]));

/** The API or message, the value decoded from the bytes, and the bytes made of that value. */
interface Reading {
  readonly message: Message;
  readonly value: unknown;
  readonly encoded: Buffer;
}

const readers: Record<Golden['kind'], (golden: Golden) => Reading> = {
  request({ name, version, bytes, filling }) {
    const api = apiNamed(name);
    const header = decodeRequestHeader(bytes);
    expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, correlationId: version + 1000 });
    expect(header.clientId).toBe(filling === 'full' ? 'golden' : null);
    const value = decodeRequest(api, version, bytes, header.bodyOffset);
    return { message: api.request, value, encoded: withoutLength(encodeRequest(api, version, header, value)) };
  },
  response({ name, version, bytes }) {
    const api = apiNamed(name);
    const { correlationId, response } = decodeResponse(api, version, bytes);
    expect(correlationId).toBe(version + 1000);
    return { message: api.response, value: response, encoded: withoutLength(encodeResponse(api, version, correlationId, response)) };
  },
  'metadata record'({ name, version, bytes }) {
    const record: Message = metadataRecords[name as keyof typeof metadataRecords];
    const decoded = decodeMetadataRecord(bytes);
    expect(decoded.name).toBe(name);
    return { message: record, value: decoded.value, encoded: encodeMetadataRecord({ record, version, value: decoded.value }) };
  },
  stored({ name, version, bytes }) {
    const message = stored.get(name)!;
    const value = decodeMessage(message, version, bytes);
    return { message, value, encoded: encodeMessage(message, version, value) };
  },
};

function apiNamed(name: string): Api {
  return apis.get(name.replace(/(Request|Response)$/, ''))!;
}

function withoutLength(frame: Buffer[]): Buffer {
  const bytes = Buffer.concat(frame);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return bytes.subarray(4);
}

describe.each(['request', 'response', 'metadata record', 'stored'] as const)('%s', (kind) => {
  test.each(
    golden.filter((one) => one.kind === kind),
  )('$name v$version, $filling: the bytes Kafka made decode to what it tells and encode back to the same', (one) => {
    const { message, value, encoded } = readers[kind](one);

    expect(withRecordsAsSizes(message.fields, value as Record<string, unknown>)).toEqual(expectedValue(message.fields, one.json));
    expect(encoded.toString('hex')).toBe(one.bytes.toString('hex'));
  });
});

test('there are golden bytes for the lowest and the highest version of every message', () => {
  const written = new Set(golden.map(({ name, version }) => `${name} v${version}`));
  const messages = [...[...allApis.values()].flatMap((api) => [api.request, api.response]), ...storedMessages];

  const missing = messages
    .flatMap(({ name, versions }) => [`${name} v${versions.min}`, `${name} v${versions.max}`])
    .filter((one) => !written.has(one));

  expect(missing).toEqual([]);
});
