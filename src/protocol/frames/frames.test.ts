import { describe, expect, test } from 'vitest';
import { apiVersions } from '../apis/api-versions.ts';
import { fetch } from '../apis/fetch.ts';
import { produce } from '../apis/produce.ts';
import { saslHandshake } from '../apis/sasl-handshake.ts';
import { KafkaError } from '../errors.ts';
import { ProtocolError } from '../schema/index.ts';
import { decodeRequest, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './frames.ts';

/** The frame without its length, which is checked. */
function frame(pieces: Buffer[]): Buffer {
  const bytes = Buffer.concat(pieces);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return bytes.subarray(4);
}

describe('request headers', () => {
  test('an inflexible version has header 1, a flexible one header 2 with tagged fields, the client id old in both', () => {
    const header = { correlationId: 5, clientId: 'me' };

    expect(frame(encodeRequest(apiVersions, 2, header, {})).toString('hex')).toBe('001200020000000500026d65');
    expect(frame(encodeRequest(apiVersions, 3, header, {})).toString('hex')).toBe('001200030000000500026d6500010100');
  });

  test('the client id may be null', () => {
    const bytes = frame(encodeRequest(saslHandshake, 1, { correlationId: 5, clientId: null }, { mechanism: 'PLAIN' }));

    expect(decodeRequestHeader(bytes)).toEqual({ apiKey: 17, apiVersion: 1, correlationId: 5, clientId: null, bodyOffset: 10 });
  });

  test('a header can be read in a version that the API does not have', () => {
    const bytes = Buffer.from('001200630000000500026d6500010100', 'hex');

    expect(decodeRequestHeader(bytes)).toEqual({ apiKey: 18, apiVersion: 99, correlationId: 5, clientId: 'me', bodyOffset: 13 });
  });

  test.each([
    { hex: '', because: 'it is empty' },
    { hex: '0012', because: 'it ends within the version' },
    { hex: '00120002000000', because: 'it ends within the correlation id' },
    { hex: '03e7000000000005ffff', because: 'no API has this key' },
    { hex: '0007000000000005ffff', because: 'Kafka has removed this API' },
    { hex: 'ffff000000000005ffff', because: 'the key is negative' },
    { hex: '001200020000000500ff6d65', because: 'the client id is longer than the frame' },
  ])('$hex is malformed: $because', ({ hex }) => {
    expect(() => decodeRequestHeader(Buffer.from(hex, 'hex'))).toThrow(ProtocolError);
  });
});

describe('response headers', () => {
  test('a flexible response has tagged fields in its header, an answer to ApiVersions never', () => {
    const produced = frame(encodeResponse(produce, 9, 7, { responses: [] }));
    const answered = frame(encodeResponse(apiVersions, 3, 7, { errorCode: 'NONE', apiKeys: [], throttleTimeMs: 0 }));

    expect(produced.toString('hex')).toBe('0000000700010000000000');
    expect(answered.toString('hex')).toBe('0000000700000100000000' + '00');
    expect(decodeResponse(produce, 9, produced).correlationId).toBe(7);
    expect(decodeResponse(apiVersions, 3, answered).response.apiKeys).toEqual([]);
  });
});

test('records go through by reference: as a piece when written, as a view when read', () => {
  const records = Buffer.alloc(16_384, 1);
  const request = { acks: -1, timeoutMs: 1000, topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }] };

  const pieces = encodeRequest(produce, 12, { correlationId: 1, clientId: null }, { ...request, transactionalId: null });
  const bytes = frame(pieces);
  const decoded = decodeRequest(produce, 12, bytes, decodeRequestHeader(bytes).bodyOffset);

  expect(pieces).toContain(records);
  expect(decoded.topicData[0]?.partitionData[0]?.records?.buffer).toBe(bytes.buffer);
});

test('a request or response in a version that the API does not have is refused', () => {
  const unsupported = (act: () => unknown) => {
    try {
      return act();
    } catch (error) {
      return error instanceof KafkaError ? error.errorName : error;
    }
  };

  expect(unsupported(() => decodeRequest(fetch, 3, Buffer.alloc(99), 0))).toBe('UNSUPPORTED_VERSION');
  expect(unsupported(() => decodeResponse(fetch, 19, Buffer.alloc(99)))).toBe('UNSUPPORTED_VERSION');
  expect(unsupported(() => encodeResponse(saslHandshake, 2, 1, { errorCode: 'NONE', mechanisms: [] }))).toBe('UNSUPPORTED_VERSION');
});
