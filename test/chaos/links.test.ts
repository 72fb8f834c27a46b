import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../support/ports.ts';
import { succeed } from '../support/processes.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { Links } from './links.ts';

/** Broker 2 echoes; broker 1 dials it through a link. */
let links: Links;
let server: Server;
let accepted: Socket[];
let port: number;

beforeEach(async () => {
  accepted = [];
  const [targetPort] = await freePorts(1);
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(targetPort, '127.0.0.1');
  await once(server, 'listening');
  links = new Links();
  port = await links.open(1, 2, { targetPort: targetPort! });
});
afterEach(() => {
  links.close();
  server.close();
  for (const socket of accepted) socket.destroy();
});

const frame = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
const nothingFor = (connection: RawConnection, ms: number) => expect(connection.next(ms)).rejects.toThrow('neither an answer nor a close');

test('a link that is whole passes bytes both ways, and the end of a connection', async () => {
  const connection = await RawConnection.open(port);

  connection.send(frame('hello'));
  expect((await connection.next()).toString()).toBe('hello');
  connection.finish();

  expect(await connection.next()).toBe('closed');
});

test('a link that is cut one way holds the bytes of that way only, and passes them when it is healed', async () => {
  const connection = await RawConnection.open(port);
  connection.send(frame('a'));
  await connection.next();

  links.set(2, 1, { isCut: true });
  connection.send(frame('b'));
  await expect.poll(() => accepted[0]!.bytesRead).toBe(10);
  await nothingFor(connection, 100);
  links.heal();

  expect((await connection.next()).toString()).toBe('b');
});

test('nobody hears that a connection has ended while the link is cut', async () => {
  const connection = await RawConnection.open(port);
  connection.send(frame('a'));
  await connection.next();

  links.set(2, 1, { isCut: true });
  accepted[0]!.resetAndDestroy();
  await nothingFor(connection, 100);
  links.heal();

  expect(await connection.next()).toBe('closed');
});

test('a connection cannot come about over a link that is cut either way', async () => {
  links.set(2, 1, { isCut: true });
  const connection = await RawConnection.open(port);
  connection.send(frame('a'));

  await nothingFor(connection, 100);
  expect(accepted).toEqual([]);
  links.heal();

  expect(await connection.next()).toBe('closed');
});

test('a delay holds bytes back, a narrow link spreads them', async () => {
  const connection = await RawConnection.open(port);
  links.set(1, 2, { delayMs: 100, bytesPerSecond: 100 });
  const start = performance.now();

  connection.send(frame('0123456789'));
  await connection.next();

  expect(performance.now() - start).toBeGreaterThan(230);
});

test('a reset breaks connections off, and a broker that is down refuses them until it is up', async () => {
  const connection = await RawConnection.open(port);
  connection.send(frame('a'));
  await connection.next();

  links.reset(1, 2);
  expect(await connection.next()).toBe('closed');

  await links.down(2);
  await expect(RawConnection.open(port)).rejects.toThrow('ECONNREFUSED');
  await links.up(2);
  const again = await RawConnection.open(port);
  again.send(frame('b'));
  expect((await again.next()).toString()).toBe('b');
});

test('a process that loads the module dials through its links, and others directly', async () => {
  const { port: targetPort } = server.address() as { port: number };
  const program = `import net from 'node:net'; net.connect({ host: 'localhost', port: ${targetPort} }, function () { console.log(this.remotePort); this.end(); });`;
  const args = ['--import', join(import.meta.dirname, 'dial-through-links.ts'), '--input-type=module', '-e', program];

  const through = await succeed(process.execPath, args, { env: { CHAOS_LINKS: JSON.stringify([[targetPort, port]]) } });
  const directly = await succeed(process.execPath, args, { env: { CHAOS_LINKS: '[]' } });

  expect([Number(through), Number(directly)]).toEqual([port, targetPort]);
});
