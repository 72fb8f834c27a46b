import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KafkaServer, type KafkaServerOptions } from './kafka-server.ts';
import type { ServerLimits } from './limits.ts';
import type { SettledAnswer } from './server-connection.ts';
import { protocolOf } from './sniff.ts';
import { FakeClock, type FakeConnection, FakeNetwork, recordingLog, settled } from './testing.ts';

test('each first byte stands for one protocol', () => {
  const counts = { kafka: 0, tls: 0, http: 0, unknown: 0 };
  for (let byte = 0; byte < 256; byte++) counts[protocolOf(byte)] += 1;

  expect(counts).toEqual({ kafka: 7, tls: 1, http: 26, unknown: 222 });
  expect([0x00, 0x06, 0x07, 0x16, 0x41, 0x5a, 0x61, 0xff].map(protocolOf)).toEqual([
    'kafka',
    'kafka',
    'unknown',
    'tls',
    'http',
    'http',
    'unknown',
    'unknown',
  ]);
});

test.each([
  { bytes: Buffer.from([0x16, 3, 1, 2, 0, 1]), says: 'speaks TLS to a plaintext port; set security.protocol=PLAINTEXT (ssl: false)' },
  { bytes: Buffer.from('GET / HTTP/1.1\r\n'), says: 'speaks HTTP to a port that serves only the Kafka protocol' },
  { bytes: Buffer.from('hello'), says: "speaks neither Kafka's protocol nor HTTP: its first byte is 0x68" },
  { bytes: Buffer.from([0x07, 0, 0, 0]), says: "speaks neither Kafka's protocol nor HTTP: its first byte is 0x07" },
])('a connection whose first bytes make no sense here is closed with one line: $says', async ({ bytes, says }) => {
  const { network, lines, requests } = await serve();
  const peer = network.arrive();

  peer.receive(bytes);

  expect(peer.isDestroyed).toBe(true);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`10.0.0.7:51000 ${says}`);
  expect(requests).toEqual([]);
});

test('a remote that goes on speaking TLS gets one line in ten seconds', async () => {
  const { network, clock, lines } = await serve();

  for (let attempt = 0; attempt < 50; attempt++) network.arrive().receive(Buffer.from([0x16]));
  network.arrive({ host: '10.0.0.8', port: 1 }).receive(Buffer.from([0x16]));
  await clock.advance(10_000);
  network.arrive().receive(Buffer.from([0x16]));

  expect(lines).toHaveLength(3);
  expect(lines[1]).toContain('10.0.0.8:1');
  expect(lines[2]).toContain('49 more times');
});

test('HTTP is handed over with the bytes that were read, and counts as a connection until its socket closes', async () => {
  const handed: unknown[] = [];
  const { server, network } = await serve({ onHttp: (socket) => handed.push(socket) });
  const peer = network.arrive();
  let closed = (): void => {};
  const socket = { once: (_event: string, callback: () => void) => (closed = callback) };
  peer.socket = socket as never;

  peer.receive(Buffer.from('POST /produce'));

  expect(handed).toEqual([socket]);
  expect(peer.detached?.toString()).toBe('POST /produce');
  expect(server.connectionCount).toBe(1);
  closed();
  expect(server.connectionCount).toBe(0);
});

test('once a connection speaks Kafka, letters are a length like any other', async () => {
  const { network, requests, lines } = await serve({ onHttp: () => expect.unreachable() });
  const peer = network.arrive();

  peer.receive(Buffer.concat([request(1), Buffer.from('GET / HTTP/1.1\r\n')]));
  await settled();

  expect(requests.map((each) => each.id)).toEqual([1]);
  expect(lines[0]).toContain("these are the letters 'GET '");
  requests[0]!.answer([Buffer.from('one')]);
  await settled();
  expect(String(peer.written)).toBe('one');
  expect(peer.isEnded).toBe(true);
});

test('a connection that sends nothing is closed after 5 seconds, quietly', async () => {
  const { network, clock, lines } = await serve();
  const peer = network.arrive();

  await clock.advance(4_999);
  expect(peer.isClosed).toBe(false);
  await clock.advance(1_001);

  expect(peer.isClosed).toBe(true);
  expect(lines).toEqual([]);
});

test('answers leave in the order of the requests, those that are ready together in one write', async () => {
  const { network, requests } = await serve();
  const peer = network.arrive();
  peer.receive(Buffer.concat([request(1), request(2), request(3)]));

  requests[1]!.answer([Buffer.from('two ')]);
  await settled();
  expect(peer.writes).toEqual([]);
  requests[0]!.answer([Buffer.from('one ')]);
  requests[2]!.answer([Buffer.from('th'), Buffer.from('ree ')]);
  await settled();

  expect(peer.writes.map(String)).toEqual(['one two three ']);
});

test('answers given at once leave in one write for one chunk of requests', async () => {
  const { network } = await serve({ onRequest: (frame) => [Buffer.from(`${frame.readInt32BE(4)} `)] });
  const peer = network.arrive();

  peer.receive(Buffer.concat([1, 2, 3, 4, 5, 6, 7, 8].map(request)));

  expect(peer.writes.map(String)).toEqual(['1 2 3 4 5 6 7 8 ']);
});

test('a request without an answer does not hold up those behind it', async () => {
  const { network, requests } = await serve();
  const peer = network.arrive();
  peer.receive(Buffer.concat([request(1), request(2), request(3)]));

  requests[2]!.answer([Buffer.from('three')]);
  requests[0]!.answer(null);
  requests[1]!.answer(null);
  await settled();

  expect(peer.writes.map(String)).toEqual(['three']);
});

test('at most 5 requests of a connection are handed out; the others wait unread', async () => {
  const { network, requests } = await serve();
  const peer = network.arrive();

  peer.receive(Buffer.concat([1, 2, 3, 4, 5, 6, 7, 8].map(request)));
  expect(requests.map((each) => each.id)).toEqual([1, 2, 3, 4, 5]);
  expect(peer.isPaused).toBe(true);
  requests[1]!.answer(null);
  await settled();
  expect(requests).toHaveLength(5);
  requests[0]!.answer([Buffer.from('one')]);
  await settled();

  expect(requests.map((each) => each.id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  for (const each of requests) each.answer(null);
  await settled();
  expect(requests).toHaveLength(8);
  expect(peer.isPaused).toBe(false);
});

test('5 requests in flight and nothing behind them do not stop the reading', async () => {
  const { network } = await serve();
  const peer = network.arrive();

  peer.receive(Buffer.concat([1, 2, 3, 4, 5].map(request)));

  expect(peer.isPaused).toBe(false);
});

test('one connection that is full does not hold up another', async () => {
  const { network, requests } = await serve();
  network.arrive().receive(Buffer.concat([1, 2, 3, 4, 5, 6].map(request)));

  network.arrive().receive(request(100));

  expect(requests.map((each) => each.id)).toContain(100);
});

test('a peer that does not read its answers gets no further request taken until it has read them', async () => {
  let taken = 0;
  const onRequest = (): Buffer[] => {
    taken += 1;
    return [Buffer.alloc(1000)];
  };
  const { network } = await serve({ onRequest, limits: { maxPendingBytes: 3000 } });
  const peer = network.arrive();
  peer.reads = false;

  peer.receive(Buffer.concat([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(request)));
  expect(taken).toBe(4);
  expect(peer.isPaused).toBe(true);
  peer.drain();

  expect(taken).toBe(10);
  expect(peer.isPaused).toBe(false);
});

test('a peer that never reads its answers is dropped with a line, one that reads slowly is not', async () => {
  const { network, clock, lines } = await serve({ onRequest: () => [Buffer.alloc(640 * 1024)] });
  const stuck = network.arrive({ host: 'stuck', port: 1 });
  const slow = network.arrive({ host: 'slow', port: 2 });
  for (const peer of [stuck, slow]) {
    peer.reads = false;
    peer.receive(request(1));
  }

  for (let second = 0; second < 69; second++) {
    slow.pendingBytes -= 1000;
    await clock.advance(1_000);
  }
  expect(stuck.isClosed).toBe(false);
  await clock.advance(3_000);

  expect(stuck.isDestroyed).toBe(true);
  expect(slow.isClosed).toBe(false);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('stuck:1 does not read its answers: 655360 bytes');
});

test('a frame that stops midway is given up after 60 seconds without progress', async () => {
  const { network, clock, lines } = await serve();
  const peer = network.arrive();
  const frame = request(1);

  peer.receive(frame.subarray(0, 4));
  await clock.advance(50_000);
  peer.receive(frame.subarray(4, 6));
  await clock.advance(59_000);
  expect(peer.isClosed).toBe(false);
  await clock.advance(3_000);

  expect(peer.isClosed).toBe(true);
  expect(lines[0]).toContain('began a frame and sent no more of it');
});

test('a frame that waits behind 5 handed-out requests is not taken for stuck', async () => {
  const { network, clock, requests } = await serve();
  const peer = network.arrive();
  peer.receive(Buffer.concat([...[1, 2, 3, 4, 5].map(request), request(6).subarray(0, 9)]));

  await clock.advance(120_000);
  peer.receive(request(6).subarray(9));
  for (const each of requests) each.answer(null);
  await settled();

  expect(requests).toHaveLength(6);
});

test('a frame that could not go on while nobody read has its full time afterwards', async () => {
  const { network, clock, requests } = await serve();
  const peer = network.arrive();
  peer.receive(Buffer.concat([...[1, 2, 3, 4, 5].map(request), request(6).subarray(0, 9)]));

  await clock.advance(120_000);
  for (const each of requests) each.answer(null);
  await settled();
  await clock.advance(59_000);
  expect(peer.isClosed).toBe(false);
  await clock.advance(3_000);

  expect(peer.isClosed).toBe(true);
});

test('an idle connection is closed after 10 minutes, one that waits for an answer is not', async () => {
  const { network, clock, requests, lines } = await serve();
  const idle = network.arrive();
  idle.receive(request(1));
  requests[0]!.answer(null);
  const waiting = network.arrive();
  waiting.receive(request(2));

  await clock.advance(599_000);
  expect(idle.isClosed).toBe(false);
  await clock.advance(3_000);

  expect(idle.isClosed).toBe(true);
  expect(waiting.isClosed).toBe(false);
  expect(lines).toEqual([]);
});

test.each([
  { length: -1, says: 'a frame claims a negative size, -1 bytes' },
  { length: 0, says: 'a frame claims 0 bytes' },
  { length: 512 * 1024 + 1, says: 'more than the 524288 bytes allowed' },
])('a frame of $length bytes closes the connection: $says', async ({ length, says }) => {
  const { network, lines, requests } = await serve();
  const peer = network.arrive();

  // The first byte decides what is spoken, so a negative length is seen only after a good frame.
  peer.receive(Buffer.concat([length < 0 ? request(1) : Buffer.alloc(0), lengthOf(length)]));
  for (const each of requests) each.answer(null);
  await settled();

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(says);
  expect(lines[0]).toContain('the connection is closed');
  expect(peer.isEnded).toBe(true);
});

test('a connection that is trusted may send longer frames', async () => {
  const taken: number[] = [];
  const { network } = await serve({
    onRequest: (frame, connection) => {
      connection.trusted = true;
      taken.push(frame.length);
      return null;
    },
  });
  const peer = network.arrive();
  const long = Buffer.alloc(600 * 1024);

  peer.receive(Buffer.concat([request(1), lengthOf(long.length), long]));

  expect(taken).toEqual([12, long.length]);
});

test("'close' lets the answers before it leave, and nothing after it", async () => {
  const { network, requests } = await serve();
  const peer = network.arrive();
  peer.receive(Buffer.concat([1, 2, 3].map(request)));

  requests[2]!.answer([Buffer.from('three')]);
  requests[1]!.answer('close');
  await settled();
  peer.receive(request(4));
  requests[0]!.answer([Buffer.from('one')]);
  await settled();

  expect(String(peer.written)).toBe('one');
  expect(peer.isEnded).toBe(true);
  expect(requests).toHaveLength(3);
});

test("'close' does not wait for the requests behind it", async () => {
  const { network, requests } = await serve();
  const peer = network.arrive();
  peer.receive(Buffer.concat([1, 2].map(request)));

  requests[0]!.answer('close');
  await settled();
  expect(peer.isClosed).toBe(true);
  requests[1]!.answer([Buffer.from('two')]);
  await settled();

  expect(peer.writes).toEqual([]);
});

test.each([
  {
    how: 'throws',
    onRequest: () => {
      throw new Error('broken handler');
    },
  },
  { how: 'rejects', onRequest: () => Promise.reject(new Error('broken handler')) },
])('a handler that $how closes that connection with a line, and no other', async ({ onRequest }) => {
  const other: FakeConnection[] = [];
  const { network, lines } = await serve({
    onRequest: (frame) => (frame.readInt32BE(4) === 1 ? onRequest() : [Buffer.from('fine')]),
  });
  const peer = network.arrive();
  other.push(network.arrive());

  peer.receive(request(1));
  other[0]!.receive(request(2));
  await settled();

  expect(peer.isClosed).toBe(true);
  expect(lines).toEqual(['a request could not be answered; its connection is closed']);
  expect(String(other[0]!.written)).toBe('fine');
  expect(other[0]!.isClosed).toBe(false);
});

test('a client that ends its side still gets its answers, to the frames that waited as well', async () => {
  const { network, requests } = await serve();
  const peer = network.arrive();

  peer.receive(Buffer.concat([1, 2, 3, 4, 5, 6].map(request)));
  peer.receiveEnd();
  for (const each of requests) each.answer([Buffer.from(`${each.id} `)]);
  await settled();
  expect(peer.isEnded).toBe(false);
  requests[5]!.answer([Buffer.from('6')]);
  await settled();

  expect(String(peer.written)).toBe('1 2 3 4 5 6');
  expect(peer.isEnded).toBe(true);
});

test('a client that ends its side before it reads gets all answers once it reads', async () => {
  const { network } = await serve({ onRequest: () => [Buffer.alloc(1000)], limits: { maxPendingBytes: 3000 } });
  const peer = network.arrive();
  peer.reads = false;

  peer.receive(Buffer.concat([1, 2, 3, 4, 5, 6].map(request)));
  peer.receiveEnd();
  expect(peer.isEnded).toBe(false);
  peer.drain();

  expect(peer.written).toHaveLength(6000);
  expect(peer.isEnded).toBe(true);
});

test('an answer that comes after the connection is gone is dropped', async () => {
  const { network, requests, server } = await serve();
  const peer = network.arrive();
  let closings = 0;
  peer.receive(request(1));
  requests[0]!.connection.onClose(() => (closings += 1));

  peer.close();
  requests[0]!.answer([Buffer.from('late')]);
  await settled();
  requests[0]!.connection.onClose(() => (closings += 1));

  expect(peer.writes).toEqual([]);
  expect(closings).toBe(2);
  expect(requests[0]!.connection.closed).toBe(true);
  expect(server.connectionCount).toBe(0);
});

test.each([
  { limits: { maxConnections: 2 }, says: 'as many as max.connections allows' },
  { limits: { maxConnectionsPerIp: 2 }, says: 'as many as max.connections.per.ip allows' },
])('a connection too many is closed with a line and counted: $says', async ({ limits, says }) => {
  const { server, network, lines } = await serve({ limits });
  const first = network.arrive();
  network.arrive();

  const tooMany = network.arrive();
  expect(tooMany.isDestroyed).toBe(true);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(says);
  expect({ refused: server.refusedConnections, open: server.kafkaConnectionCount }).toEqual({ refused: 1, open: 2 });
  first.close();

  expect(network.arrive().isDestroyed).toBe(false);
});

test('max.connections.per.ip counts each address for itself', async () => {
  const { network } = await serve({ limits: { maxConnectionsPerIp: 1 } });
  network.arrive({ host: 'a', port: 1 });

  expect(network.arrive({ host: 'b', port: 1 }).isDestroyed).toBe(false);
});

test('closing lets handed-out requests be answered and takes no others', async () => {
  const { network, requests, server } = await serve();
  const busy = network.arrive();
  const idle = network.arrive();
  const silent = network.arrive();
  idle.receive(request(9));
  requests[0]!.answer(null);
  await settled();
  busy.receive(Buffer.concat([request(1), request(2)]));

  let closed = false;
  const closing = server.close({ graceMs: 1_000 }).then(() => (closed = true));
  busy.receive(request(3));
  await settled();
  expect([idle.isClosed, silent.isClosed, busy.isClosed, closed, network.isListening]).toEqual([true, true, false, false, false]);
  requests[1]!.answer([Buffer.from('1 ')]);
  requests[2]!.answer([Buffer.from('2')]);
  await closing;

  expect(String(busy.written)).toBe('1 2');
  expect(requests).toHaveLength(3);
});

test('closing cuts what is still open after its grace', async () => {
  const { network, server, clock } = await serve();
  const peer = network.arrive();
  peer.receive(request(1));

  const closing = server.close({ graceMs: 1_000 });
  await clock.advance(999);
  expect(peer.isClosed).toBe(false);
  await clock.advance(1);
  await closing;

  expect(peer.isDestroyed).toBe(true);
});

test('no timer is set for a request or a connection', async () => {
  const { network, requests, clock } = await serve();
  const before = clock.timersSet;

  const peer = network.arrive();
  peer.receive(request(1));
  requests[0]!.answer([Buffer.from('one')]);
  await settled();

  expect(clock.timersSet).toBe(before);
});

test('a port that cannot be had is told, and leaves nothing behind', async () => {
  await expect(serve({ port: 1 })).rejects.toMatchObject({ code: 'EACCES' });
});

test('whatever bytes come in whatever chunks, other connections are served and nothing is thrown', async () => {
  const { network } = await serve({ onRequest: () => [Buffer.from('fine')] });
  const length = fc.oneof(fc.integer({ min: -3, max: 40 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })).map(lengthOf);
  const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));
  fc.assert(
    fc.property(fc.array(fc.oneof(length, bytes, fc.constant(request(1))), { maxLength: 12 }), fc.boolean(), (chunks, ends) => {
      const hostile = network.arrive();
      for (const chunk of chunks) hostile.receive(chunk);
      if (ends) hostile.receiveEnd();
      const good = network.arrive();
      good.receive(request(1));

      expect(String(good.written)).toBe('fine');
      expect(good.isClosed).toBe(false);
      if (ends) expect(hostile.isClosed).toBe(true);
      good.close();
      hostile.close();
    }),
    { numRuns: 500 },
  );
});

interface HandedOut {
  id: number;
  connection: Parameters<KafkaServerOptions['onRequest']>[1];
  answer: (answer: SettledAnswer) => void;
}

/** A server whose requests the test answers, unless it brings a handler. */
async function serve(
  options: {
    onRequest?: KafkaServerOptions['onRequest'];
    onHttp?: KafkaServerOptions['onHttp'];
    limits?: Partial<ServerLimits>;
    port?: number;
  } = {},
) {
  const network = new FakeNetwork();
  const clock = new FakeClock();
  const { log, lines } = recordingLog();
  const requests: HandedOut[] = [];
  const keep: KafkaServerOptions['onRequest'] = (frame, connection) =>
    new Promise((resolve) => {
      requests.push({ id: frame.readInt32BE(4), connection, answer: resolve });
    });
  const { onRequest = keep, onHttp, limits, port = 9092 } = options;
  const server = await KafkaServer.listen({
    network,
    clock,
    log,
    hosts: ['127.0.0.1'],
    port,
    onRequest,
    ...(onHttp && { onHttp }),
    ...(limits && { limits }),
  });
  return { server, network, clock, lines, requests };
}

/** A frame that carries a number where the correlation id is. */
function request(id: number): Buffer {
  const frame = Buffer.alloc(16);
  frame.writeInt32BE(12, 0);
  frame.writeInt32BE(id, 8);
  return frame;
}

function lengthOf(length: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  return prefix;
}
