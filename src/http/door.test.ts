import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { NodeClock, silentLogger } from '#platform';
import { createHttpDoor, type HttpDoor, type HttpDoorOptions } from './door.ts';
import { FakeRouter } from './testing.ts';

const started: { server: Server; door: HttpDoor }[] = [];

afterEach(async () => {
  for (const { server, door } of started.splice(0)) {
    server.close();
    await door.close({ graceMs: 0 });
  }
});

async function start(options: Partial<HttpDoorOptions> = {}): Promise<{ port: number; door: HttpDoor; router: FakeRouter }> {
  const router = new FakeRouter();
  const door = createHttpDoor({ router, clock: new NodeClock(), log: silentLogger, ...options });
  const server = createServer((socket) => door.handle(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  started.push({ server, door });
  return { port: (server.address() as AddressInfo).port, door, router };
}

/** All that a socket says until it is closed. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  await once(socket, 'close');
  return text;
}

test('many requests share one connection', async () => {
  const { port } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');

  const text = await untilClosed(socket);

  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(4);
});

test('bytes that were read before the socket was handed over are not lost', async () => {
  const { door } = await start();
  const server = createServer((socket) => {
    socket.once('data', (bytes) => {
      socket.pause();
      socket.unshift(bytes);
      door.handle(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');

  const text = await untilClosed(socket);
  server.close();

  expect(text).toContain('{"status":"alive"}');
});

test('http-emit-slowloris: a client that sends its headers drop by drop is cut off', async () => {
  const { port } = await start({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 400, checkIntervalMs: 20 } });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\n');
  const drops = setInterval(() => socket.write('X-Drop: 1\r\n'), 50);
  socket.on('error', () => {});

  const text = await untilClosed(socket);
  clearInterval(drops);

  expect(text).toContain('408 Request Timeout');
});

test('a client that sends its body drop by drop is cut off', async () => {
  const { port } = await start({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 300, checkIntervalMs: 20 } });
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /produce HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
  const drops = setInterval(() => socket.write(' '), 50);
  socket.on('error', () => {});

  const text = await untilClosed(socket);
  clearInterval(drops);

  expect(text).toContain('408 Request Timeout');
});

test('an idle connection is closed after the keep-alive time', async () => {
  const { port } = await start({ limits: { keepAliveTimeoutMs: 50 } });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');

  expect(await untilClosed(socket)).toContain('200 OK');
});

test('what is not HTTP at all answers 400 and harms nothing', async () => {
  const { port, door } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write('HELLO\r\n\r\n');

  const text = await untilClosed(socket);

  expect(text).toContain('400 Bad Request');
  expect(text).toContain('"code":"INVALID_REQUEST"');
  expect((await door.inject('/healthz')).statusCode).toBe(200);
});

test('headers without end answer 431', async () => {
  const { port } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(40_000)}`);

  expect(await untilClosed(socket)).toContain('431 Request Header Fields Too Large');
});

test('closing lets a request under way finish, closes idle connections at once and takes no new ones', async () => {
  const { port, door, router } = await start();
  router.addTopic('test', 1);
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    router.intercept = () => {
      resolve();
      return new Promise<void>((finish) => {
        answer = finish;
      });
    };
  });
  const idle = connect(port, '127.0.0.1');
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data');
  const busy = connect(port, '127.0.0.1');
  const body = '{"topic":"test","partition":0,"message":"x"}';
  busy.write(`POST /produce HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await asked;

  const closed = door.close();
  await untilClosed(idle);
  const late = connect(port, '127.0.0.1');
  late.on('error', () => {});
  const lateText = untilClosed(late);
  answer();

  expect(await untilClosed(busy)).toContain('{"offset":0}');
  expect(await lateText).toBe('');
  await closed;
});

test('closing ends the timer of the HTTP server, by which a broker that is gone would stay in memory', async () => {
  const close = vi.spyOn(http.Server.prototype, 'close');
  const { port, door } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await untilClosed(socket);

  await door.close();

  expect(close).toHaveBeenCalledOnce();
  close.mockRestore();
});

test('closing does not wait longer than the grace for a request that hangs', async () => {
  const { port, door, router } = await start();
  router.addTopic('test', 1);
  const asked = new Promise<void>((resolve) => {
    router.intercept = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /consume?topic=test&partition=0&offset=0 HTTP/1.1\r\nHost: x\r\n\r\n');
  await asked;

  await door.close({ graceMs: 50 });

  expect(await untilClosed(socket)).toBe('');
});

test('a client that resets while Fastify is being loaded harms nothing', async () => {
  const { port, door } = await start();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resetAndDestroy();

  expect((await door.inject('/healthz')).statusCode).toBe(200);
});
