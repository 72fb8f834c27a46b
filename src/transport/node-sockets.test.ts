import http from 'node:http';
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { NodeClock, NodeNetwork, silentLogger } from '#platform';
import { decodeRequestHeader, encodeResponse } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { BrokerClient } from './broker-client.ts';
import { KafkaServer, type KafkaServerOptions } from './kafka-server.ts';
import { recordingLog } from './testing.ts';

const network = new NodeNetwork();
const clock = new NodeClock();
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('10,000 pipelined requests are answered in order, whenever their answers are ready', async () => {
  const server = await serve({
    async onRequest(frame) {
      const id = frame.readInt32BE(4);
      for (let turn = 0; turn < (id * 7) % 5; turn++) await Promise.resolve();
      return [answerOf(id)];
    },
  });
  const socket = await dial(server);

  const received = collect(socket, 10_000 * 8);
  socket.write(Buffer.concat(Array.from({ length: 10_000 }, (_, id) => requestOf(id))));
  const bytes = await received;

  expect(Array.from({ length: 10_000 }, (_, id) => bytes.readInt32BE(id * 8 + 4)).every((id, index) => id === index)).toBe(true);
});

test('a frame of 50 MB comes whole', async () => {
  const seen: number[] = [];
  const server = await serve({
    onRequest(frame, connection) {
      connection.trusted = true;
      seen.push(frame.length, frame.at(-1)!);
      return [answerOf(frame.readInt32BE(4))];
    },
  });
  const socket = await dial(server);
  const long = Buffer.alloc(50_000_004);
  long.writeInt32BE(50_000_000, 0);
  long[long.length - 1] = 42;

  const received = collect(socket, 16);
  socket.write(requestOf(1));
  socket.write(long);
  await received;

  expect(seen).toEqual([12, 0, 50_000_000, 42]);
});

test('a client that does not read is not read from, and gets everything once it reads', async () => {
  let taken = 0;
  const server = await serve({
    limits: { maxPendingBytes: 1_500_000 },
    onRequest() {
      taken += 1;
      return [Buffer.alloc(1_000_000)];
    },
  });
  const socket = await dial(server);
  socket.pause();

  socket.write(Buffer.concat(Array.from({ length: 100 }, (_, id) => requestOf(id))));
  await new Promise((resolve) => setTimeout(resolve, 200));
  // Besides what waits here, the two kernels hold a few megabytes.
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(60);
  const bytes = await collect(socket, 100 * 1_000_000);

  expect(bytes).toHaveLength(100_000_000);
  expect(taken).toBe(100);
});

test('an HTTP server gets its connections with the first bytes intact, in one piece or byte by byte', async () => {
  const web = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
  });
  const server = await serve({ onHttp: (socket) => web.emit('connection', socket) });
  const text = 'POST /produce HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';

  const whole = await dial(server);
  const wholeAnswer = untilEnd(whole);
  whole.write(text);
  expect(await wholeAnswer).toContain('POST /produce hello');

  const drop = await dial(server);
  drop.setNoDelay(true);
  const dropAnswer = untilEnd(drop);
  for (const letter of text) {
    drop.write(letter);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await dropAnswer).toContain('POST /produce hello');

  const fetched = await fetch(`http://127.0.0.1:${server.port}/again`, { method: 'PUT', body: 'x'.repeat(100_000) });
  expect(await fetched.text()).toBe(`PUT /again ${'x'.repeat(100_000)}`);
});

test('an HTTP connection stays open for several requests, and counts until it closes', async () => {
  const web = http.createServer((request, response) => response.end(request.url));
  const server = await serve({ onHttp: (socket) => web.emit('connection', socket) });
  const socket = await dial(server);

  for (const path of ['/1', '/2']) {
    const answer = new Promise((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`);
    expect(await answer).toContain(path);
  }

  expect(server.connectionCount).toBe(1);
  socket.destroy();
  await expect.poll(() => server.connectionCount).toBe(0);
});

test('a refused frame closes the connection after the answers before it have arrived', async () => {
  const { log, lines } = recordingLog();
  const server = await serve({ log, onRequest: async (frame) => [answerOf(frame.readInt32BE(4))] });
  const socket = await dial(server);
  const answer = untilEnd(socket);

  socket.write(Buffer.concat([requestOf(7), Buffer.from([0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(100_000)]));

  expect(Buffer.from(await answer, 'latin1')).toEqual(answerOf(7));
  expect(lines[0]).toContain('a frame claims 2147483647 bytes');
});

test('a client and a server speak over several channels, and the client finds the server again after a restart', async () => {
  const onRequest: KafkaServerOptions['onRequest'] = (frame) => {
    const { apiKey, apiVersion, correlationId } = decodeRequestHeader(frame);
    if (apiKey === heartbeat.key) return encodeResponse(heartbeat, apiVersion, correlationId, { errorCode: 'NOT_COORDINATOR' });
    const apiKeys = [{ apiKey: heartbeat.key, minVersion: 0, maxVersion: 3 }];
    return encodeResponse(apiVersions, apiVersion, correlationId, { errorCode: 'NONE', apiKeys });
  };
  const first = await serve({ onRequest });
  const address = { host: '127.0.0.1', port: first.port };
  const client = new BrokerClient({ network, clock, log: silentLogger, clientId: 'tests' });
  cleanups.push(() => client.close());
  const beat = { groupId: 'g', generationId: 1, memberId: 'm' };

  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) => client.send(address, heartbeat, beat, { channel: `${index % 3}` })),
  );
  expect(new Set(answers.map((answer) => answer.errorCode))).toEqual(new Set(['NOT_COORDINATOR']));
  expect(first.connectionCount).toBe(3);

  await first.close();
  await expect(client.send(address, heartbeat, beat)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await serve({ onRequest, port: address.port });

  await expect
    .poll(() =>
      client.send(address, heartbeat, beat).then(
        (answer) => answer.errorCode,
        () => 'down',
      ),
    )
    .toBe('NOT_COORDINATOR');
});

async function serve(options: Partial<KafkaServerOptions>): Promise<KafkaServer> {
  const server = await KafkaServer.listen({
    network,
    clock,
    log: silentLogger,
    hosts: ['127.0.0.1'],
    port: 0,
    onRequest: () => null,
    ...options,
  });
  cleanups.push(() => server.close({ graceMs: 100 }));
  return server;
}

async function dial(server: KafkaServer): Promise<net.Socket> {
  const socket = net.connect(server.port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** The next `length` bytes that arrive. */
function collect(socket: net.Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    socket.on('data', (bytes: Buffer) => {
      chunks.push(bytes);
      received += bytes.length;
      if (received >= length) resolve(Buffer.concat(chunks));
    });
    socket.on('close', () => reject(new Error(`closed after ${received} of ${length} bytes`)));
    socket.resume();
  });
}

function untilEnd(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

function requestOf(id: number): Buffer {
  const frame = Buffer.alloc(16);
  frame.writeInt32BE(12, 0);
  frame.writeInt32BE(id, 8);
  return frame;
}

function answerOf(id: number): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(4, 0);
  frame.writeInt32BE(id, 4);
  return frame;
}
