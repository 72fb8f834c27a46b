import { afterAll, beforeAll, expect, test } from 'vitest';
import { SeededRandom } from '#platform';
import { buildRecordBatch, decodeResponse, encodeRequest } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { residentMegabytes } from '../support/memory.ts';
import { RawConnection } from '../support/raw-connection.ts';

let cluster: BrokerProcesses;
let client: KafkaClient;
let port: number;

beforeAll(async () => {
  cluster = await BrokerProcesses.start(1);
  port = cluster.port(1);
  client = new KafkaClient(cluster.bootstrap);
  expect(await client.createTopic('bystander', 1)).toBe('NONE');
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
});

const int16 = (value: number) => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const int32 = (value: number) => Buffer.from([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
const framed = (...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length), body]);
};
/** A request with the header that all but the flexible versions have. */
const request = (key: number, version: number, ...body: Buffer[]) => framed(int16(key), int16(version), int32(7), int16(-1), ...body);
/** The same with a header that ends in tagged fields. */
const flexible = (key: number, version: number, ...body: Buffer[]) => request(key, version, Buffer.from([0]), ...body);
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const valid = (correlationId = 1) => Buffer.concat(encodeRequest(metadata, 12, { correlationId, clientId: 'test' }, { topics: [] }));

/** Whoever is connected meanwhile must not notice. */
async function bystanderIsWell(): Promise<void> {
  const records = buildRecordBatch({ records: [{ value: 'still here', timestamp: Date.now() }] });
  expect((await client.produce('bystander', 0, records)).errorCode).toBe('NONE');
}

test.each([
  { what: 'a length of 0', bytes: int32(0) },
  { what: 'a length of 1', bytes: framed(hex('00')) },
  { what: 'a length below that of a header', bytes: framed(hex('0003 0001 0000')) },
  { what: 'a length of more than a stranger may send', bytes: Buffer.concat([int32(600_000), Buffer.alloc(1000)]) },
  { what: 'a length of 100 MiB', bytes: Buffer.concat([int32(100 * 1024 * 1024), Buffer.alloc(1000)]) },
  { what: 'an API key that does not exist', bytes: request(9999, 0) },
  { what: 'a negative API key', bytes: request(-3, 0) },
  { what: 'a version that does not exist', bytes: request(3, 99, int32(0)) },
  { what: 'a negative version', bytes: request(3, -1, int32(0)) },
  { what: 'a client id of negative length', bytes: framed(int16(3), int16(1), int32(7), int16(-5), int32(0)) },
  { what: 'a client id that is longer than the frame', bytes: framed(int16(3), int16(1), int32(7), int16(3000), int32(0)) },
  { what: 'a body that is not there', bytes: request(3, 1) },
  { what: 'a body that ends too early', bytes: request(3, 1, int32(1), int16(10), Buffer.from('abc')) },
  { what: 'an array of 2^31-1', bytes: request(3, 1, int32(0x7fffffff)) },
  { what: 'an array of -2^31', bytes: request(3, 1, int32(-0x80000000)) },
  { what: 'an array of -2', bytes: request(3, 1, int32(-2)) },
  { what: 'nested arrays of 2^31-1', bytes: request(2, 1, int32(-1), int32(0x7fffffff), int16(1), Buffer.from('a'), int32(0x7fffffff)) },
  { what: 'a compact array of 2^32-2', bytes: flexible(3, 12, hex('ffffffff0f')) },
  { what: 'a varint without an end', bytes: flexible(3, 12, hex('ffffffffffffffffffff')) },
  { what: 'a varint of more than 32 bits', bytes: flexible(3, 12, hex('ffffffff7f')) },
  { what: '2^32-1 tagged fields', bytes: flexible(3, 12, hex('01 00 00 ffffffff0f')) },
  { what: 'a tagged field that is longer than the frame', bytes: flexible(3, 12, hex('01 00 00 01 05 ffffff7f')) },
  { what: 'tagged fields in the header that never end', bytes: request(3, 12, hex('ffffffff0f 00')) },
  {
    what: 'records of 2^31-1 bytes',
    bytes: request(0, 7, hex('ffff'), int16(-1), int32(1000), int32(1), int16(1), Buffer.from('a'), int32(1), int32(0), int32(0x7fffffff)),
  },
  {
    what: 'records of -7 bytes',
    bytes: request(0, 7, hex('ffff'), int16(-1), int32(1000), int32(1), int16(1), Buffer.from('a'), int32(1), int32(0), int32(-7)),
  },
  { what: 'a first byte of no protocol', bytes: hex('ff00ff00ff00ff00') },
])('$what closes the connection and harms nobody else', async ({ bytes }) => {
  const connection = await RawConnection.open(port);

  connection.send(bytes);

  expect(await connection.next()).toBe('closed');
  await bystanderIsWell();
});

test('a negative length closes the connection, though a good request came before it', async () => {
  const connection = await RawConnection.open(port);

  connection.send(valid(), int32(-1), valid(2));

  expect(decodeResponse(metadata, 12, (await connection.next()) as Buffer).correlationId).toBe(1);
  expect(await connection.next()).toBe('closed');
});

test('who has sent a good request may send long frames, but not longer ones than Kafka allows', async () => {
  const connection = await RawConnection.open(port);
  connection.send(valid());
  await connection.next();

  connection.send(int32(100 * 1024 * 1024 + 1));

  expect(await connection.next()).toBe('closed');
  await bystanderIsWell();
});

test('a text that is not UTF-8 is answered or closes the connection, and is never taken for a topic', async () => {
  const connection = await RawConnection.open(port);

  connection.send(request(3, 4, int32(1), int16(3), hex('ff fe c0'), hex('01')));

  const answer = await connection.next();
  if (answer !== 'closed') {
    const { response } = decodeResponse(metadata, 4, answer);
    expect(response.topics.map(({ errorCode }) => errorCode)).toEqual(['INVALID_TOPIC_EXCEPTION']);
  }
  connection.close();
  await client.refresh();
  expect(client.topics).toEqual(['bystander']);
});

test('a version of ApiVersions from the future is answered in version 0, with the versions that are there', async () => {
  const connection = await RawConnection.open(port);

  connection.send(flexible(18, 99, hex('05 74657374 05 74657374 00')), valid(8));

  const { correlationId, response } = decodeResponse(apiVersions, 0, (await connection.next()) as Buffer);
  expect(correlationId).toBe(7);
  expect(response.errorCode).toBe('UNSUPPORTED_VERSION');
  expect(response.apiKeys.find(({ apiKey }) => apiKey === apiVersions.key)?.maxVersion).toBeGreaterThan(2);
  expect(decodeResponse(metadata, 12, (await connection.next()) as Buffer).correlationId).toBe(8);
  connection.close();
});

test('a frame that is cut off by the end of the connection is forgotten', async () => {
  const connection = await RawConnection.open(port);

  connection.send(valid(), valid(2).subarray(0, 10));
  connection.finish();

  expect(decodeResponse(metadata, 12, (await connection.next()) as Buffer).correlationId).toBe(1);
  expect(await connection.next()).toBe('closed');
  await bystanderIsWell();
});

test('TLS on the plain port is closed, and the log says why', async () => {
  const connection = await RawConnection.open(port);

  connection.send(hex('16 0301 0005 01 000001 00'));

  expect(await connection.next()).toBe('closed');
  await expect.poll(() => cluster.stdout(1) + cluster.stderr(1)).toContain('TLS');
});

test('random frames, connections that claim much and say little, and valid requests cut anywhere do not eat memory', {
  timeout: 60_000,
}, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const random = new SeededRandom(seed);
  await bystanderIsWell();
  const before = residentMegabytes(cluster.pid(1));

  const idle: RawConnection[] = [];
  for (let i = 0; i < 300; i++) {
    const connection = await RawConnection.open(port);
    const kind = random.below(4);
    if (kind === 0) {
      // Claims as much as a stranger may, and stays.
      connection.send(int32(512 * 1024), random.bytes(8));
      idle.push(connection);
      continue;
    }
    if (kind === 1) connection.send(framed(random.bytes(8 + random.below(500))));
    if (kind === 2) connection.send(request(random.below(93), random.below(14), random.bytes(random.below(300))));
    if (kind === 3) {
      const bytes = valid();
      bytes[4 + random.below(bytes.length - 4)]! ^= 1 << random.below(8);
      connection.send(bytes);
    }
    connection.finish();
    await connection.next(10_000);
    connection.close();
  }

  await bystanderIsWell();
  expect(residentMegabytes(cluster.pid(1)) - before, `seed ${seed}`).toBeLessThan(150);
  for (const connection of idle) connection.close();
  expect(cluster.isRunning(1)).toBe(true);
});
