import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { Connection, Listener } from '../network.ts';
import { NodeNetwork } from './network.ts';

const network = new NodeNetwork();
let listener: Listener | undefined;

afterEach(() => listener?.close());

/** Listens; the first bytes of a connection are put back and its socket is given to `take`. */
async function detaching(take: (socket: net.Socket) => void): Promise<number> {
  listener = await network.listen({ hosts: ['127.0.0.1'], port: 0 }, (connection: Connection) => {
    connection.onClose(() => expect.unreachable());
    connection.onData((bytes) => take(connection.detach(bytes)!));
  });
  return listener.port;
}

test('a detached socket is served by an HTTP server, from the first byte and for many requests', async () => {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
  });
  const port = await detaching((socket) => server.emit('connection', socket));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  const large = 'x'.repeat(300_000);
  const answers = [await ask(agent, port, 'first'), await ask(agent, port, large), await ask(agent, port, 'third')];

  expect(answers).toEqual(['POST /path first', `POST /path ${large}`, 'POST /path third']);
  agent.destroy();
});

test('a detached socket becomes the server side of TLS, its first bytes included', async () => {
  // A pre-shared key: no certificates are needed.
  const identity = { psk: Buffer.from('secret'), identity: 'client' };
  const ciphers = 'PSK+HIGH';
  const maxVersion = 'TLSv1.2';
  const port = await detaching((socket) => {
    const secure = new tls.TLSSocket(socket, {
      isServer: true,
      ciphers,
      maxVersion,
      pskCallback: () => identity.psk,
    } as tls.TLSSocketOptions);
    secure.on('data', (bytes) => secure.end(`heard ${bytes}`));
  });
  const client = tls.connect({
    port,
    host: '127.0.0.1',
    ciphers,
    maxVersion,
    pskCallback: () => identity,
    checkServerIdentity: () => undefined,
  });
  client.write('hello');
  const answer = await new Promise<string>((resolve, reject) => {
    client.on('data', (bytes) => resolve(bytes.toString()));
    client.on('error', reject);
  });
  expect(answer).toBe('heard hello');
  client.destroy();
});

test('a detached socket hands over the unread bytes first, then what comes later, then the end', async () => {
  const received: string[] = [];
  const ended = new Promise<void>((resolve) => {
    void detaching((socket) => {
      socket.on('data', (bytes) => received.push(bytes.toString()));
      socket.on('end', () => {
        socket.end();
        resolve();
      });
    }).then((port) => {
      const client = net.connect({ host: '127.0.0.1', port }, () => {
        client.write('one ');
        setTimeout(() => client.end('two'), 30);
      });
    });
  });
  await ended;

  expect(received.join('')).toBe('one two');
});

test('who dials and gets no answer in time is told so', async () => {
  // A backlog of one that nobody accepts from does not answer further callers, but only a black hole is sure to be silent: 192.0.2.0/24
  // belongs to nobody. Where the machine has no route there, that is an error of its own.
  const connection = network.connect({ host: '192.0.2.1', port: 9 }, { timeoutMs: 100 });
  const error = await new Promise<Error | undefined>((resolve) => connection.onClose(resolve));
  expect(error).toMatchObject({ code: expect.stringMatching(/^(ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|EACCES|EPERM)$/) });
});

test('a listener that cannot have the same port on its second host leaves none on the first', async () => {
  const taken = await network.listen({ hosts: ['127.0.0.2'], port: 0 }, () => {});
  await expect(network.listen({ hosts: ['127.0.0.1', '127.0.0.2'], port: taken.port }, () => {})).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `listening on 127.0.0.2:${taken.port}: the port is in use (EADDRINUSE)`,
  });
  listener = await network.listen({ hosts: ['127.0.0.1'], port: taken.port }, () => {});
  await taken.close();
});

function ask(agent: http.Agent, port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/path' }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });
}
