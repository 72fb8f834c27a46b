import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { NodeClock, silentLogger } from '#platform';
import { createHttpDoor, type HttpDoor } from './door.ts';
import type { HttpAccess } from './guard.ts';
import { FakeRouter } from './testing.ts';

let router: FakeRouter;
let door: HttpDoor;

function open(access?: HttpAccess): void {
  router = new FakeRouter();
  router.addTopic('test', 3);
  door = createHttpDoor({ router, clock: new NodeClock(), log: silentLogger, readyWaitMs: 10, ...(access && { access }) });
}

beforeEach(() => open());

const message = '{"topic":"test","partition":1,"message":"Hello"}';
/** What curl sends with -d. */
const form = 'application/x-www-form-urlencoded';

function produce(headers: Record<string, string>) {
  return door.inject({ method: 'POST', url: '/produce', payload: message, headers: { host: 'localhost:8080', ...headers } });
}

function get(url: string, headers: Record<string, string>) {
  return door.inject({ method: 'GET', url, headers: { host: 'localhost:8080', ...headers } });
}

describe('programs that are no browsers', () => {
  test.each([form, 'text/plain', 'application/json', 'application/octet-stream'])('may send a body that is called %s', async (type) => {
    expect((await produce({ 'content-type': type })).body).toBe('{"offset":0}');
  });

  test('may leave its type out', async () => {
    expect((await produce({})).body).toBe('{"offset":0}');
  });

  test('may speak HTTP/1.0, which knows no Host', async () => {
    const server = createServer((socket) => door.handle(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /list-topics HTTP/1.0\r\n\r\n');
    let text = '';
    for await (const bytes of socket) text += bytes;
    server.close();

    expect(text).toContain('{"topics":["test"]}');
  });
});

describe('a web page of another site', () => {
  const chrome = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', referer: 'https://evil.example/' };

  test.each([
    { what: 'a form that is sent', headers: { 'content-type': form, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } },
    { what: 'a form of text/plain that is valid JSON', headers: { 'content-type': 'text/plain', 'sec-fetch-mode': 'navigate' } },
    { what: 'fetch with no-cors', headers: { 'content-type': 'text/plain;charset=UTF-8', 'sec-fetch-mode': 'no-cors' } },
    { what: 'sendBeacon with a blob', headers: { 'content-type': 'application/json', 'sec-fetch-mode': 'no-cors' } },
  ])('cannot write by $what', async ({ headers }) => {
    const answer = await produce({ ...chrome, ...(headers as Record<string, string>) });

    expect([answer.statusCode, answer.json().code]).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
    expect(router.sent).toEqual([]);
  });

  test('cannot write from a sandbox or a file, whose origin is null', async () => {
    expect((await produce({ origin: 'null', 'content-type': form })).statusCode).toBe(403);
  });

  test('cannot write where the browser tells only Origin, or only Sec-Fetch-Site', async () => {
    const old = await produce({ origin: 'https://evil.example', 'content-type': form });
    const silent = await produce({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'content-type': form });

    expect([old.statusCode, silent.statusCode]).toEqual([403, 403]);
  });

  test('is not shown what topics there are, nor asked whether it may', async () => {
    const read = await get('/list-topics', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' });
    const preflight = await door.inject({
      method: 'OPTIONS',
      url: '/produce',
      headers: { host: 'localhost:8080', origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });

    expect([read.statusCode, preflight.statusCode]).toEqual([403, 403]);
    expect([read, preflight].map(({ headers }) => headers['access-control-allow-origin'])).toEqual([undefined, undefined]);
  });

  test.each(['cross-site', 'same-site'])('cannot embed what is here as a picture (%s)', async (site) => {
    expect((await get('/list-topics', { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' })).statusCode).toBe(
      403,
    );
  });

  test('of another port of this machine is another origin too', async () => {
    expect((await produce({ origin: 'http://localhost:3000', 'content-type': 'application/json' })).statusCode).toBe(403);
  });

  test('may link to here', async () => {
    expect((await get('/list-topics', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).statusCode).toBe(200);
  });
});

describe('a page whose name was pointed at this machine (DNS rebinding)', () => {
  test.each([
    'evil.example',
    'evil.example:8080',
    'EVIL.example.',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '2130706433.evil.example',
  ])('called %s reads and writes nothing', async (host) => {
    const read = await get('/list-topics', { host });
    const written = await produce({ host, origin: `http://${host}`, 'content-type': 'application/json' });

    expect([read, written].map(({ statusCode }) => statusCode)).toEqual([403, 403]);
    expect(read.json()).toMatchObject({ code: 'HOST_NOT_ALLOWED', error: expect.stringContaining('http.allowed.hosts=') });
    expect(router.sent).toEqual([]);
  });

  test.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    'app.localhost:8080',
    '127.0.0.1:8080',
    '192.168.1.5',
    '[::1]:8080',
    '[fe80::1]',
    'kafka-1:8080',
    'host.docker.internal:8080',
  ])('is not what is called %s', async (host) => {
    expect((await get('/list-topics', { host })).statusCode).toBe(200);
  });

  test('is not what a broker of the cluster is known as', async () => {
    router.hosts[1] = 'Kafka-2.example.org';

    expect((await get('/list-topics', { host: 'kafka-2.example.org:8080' })).statusCode).toBe(200);
    expect((await get('/list-topics', { host: 'kafka-3.example.org:8080' })).statusCode).toBe(403);
  });

  test.each([
    { hosts: ['kafka.example.org'], good: ['kafka.example.org', 'kafka.example.org:80'], bad: ['a.kafka.example.org', 'example.org'] },
    { hosts: ['*.example.org'], good: ['a.example.org', 'a.b.example.org'], bad: ['example.org', 'evilexample.org'] },
    { hosts: ['*'], good: ['whatever.example'], bad: [] },
  ])('with http.allowed.hosts=$hosts is none of $good', async ({ hosts, good, bad }) => {
    open({ hosts, origins: [] });
    const statusOf = async (host: string) => (await get('/list-topics', { host })).statusCode;

    expect(await Promise.all(good.map(statusOf))).toEqual(good.map(() => 200));
    expect(await Promise.all(bad.map(statusOf))).toEqual(bad.map(() => 403));
  });
});

describe('a page of this server', () => {
  const own = { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' };

  test('may read and write JSON', async () => {
    expect((await get('/list-topics', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).statusCode).toBe(200);
    expect((await produce({ ...own, 'content-type': 'application/json' })).body).toBe('{"offset":0}');
    expect((await produce({ ...own, 'content-type': 'application/problem+json; charset=utf-8' })).statusCode).toBe(200);
  });

  test('behind a proxy that speaks TLS is one too', async () => {
    expect((await produce({ ...own, origin: 'https://localhost:8080', 'content-type': 'application/json' })).statusCode).toBe(200);
  });

  test.each([undefined, form, 'text/plain', 'application/jsonp'])('writes nothing that is called %s', async (type) => {
    const answer = await produce({ ...own, ...(type !== undefined && { 'content-type': type }) });

    expect([answer.statusCode, answer.json().code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(router.sent).toEqual([]);
  });

  test('whose address somebody typed is shown', async () => {
    expect((await get('/list-topics', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).statusCode).toBe(200);
  });
});

describe('an origin that http.allowed.origins names', () => {
  const app = { origin: 'https://app.example.org', 'sec-fetch-site': 'cross-site' };

  beforeEach(() => open({ hosts: [], origins: ['https://app.example.org'] }));

  test('is given leave beforehand, and sees its answers', async () => {
    const preflight = await door.inject({
      method: 'OPTIONS',
      url: '/produce',
      headers: {
        host: 'localhost:8080',
        ...app,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
        'access-control-request-private-network': 'true',
      },
    });
    const answer = await produce({ ...app, 'content-type': 'application/json' });

    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.org',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'content-type',
      'access-control-allow-private-network': 'true',
    });
    expect([answer.body, answer.headers['access-control-allow-origin'], answer.headers.vary]).toEqual([
      '{"offset":0}',
      app.origin,
      'Origin',
    ]);
  });

  test('sees errors as well', async () => {
    const answer = await get('/consume?topic=nope&partition=0&offset=0', app);

    expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([404, app.origin]);
  });

  test('still has to call its JSON by its name', async () => {
    expect((await produce({ ...app, 'content-type': 'text/plain' })).statusCode).toBe(415);
  });

  test('opens the door to no other', async () => {
    expect((await produce({ origin: 'https://app.example.org.evil.example', 'content-type': 'application/json' })).statusCode).toBe(403);
  });

  test('may be any', async () => {
    open({ hosts: [], origins: ['*'] });

    expect((await produce({ origin: 'null', 'content-type': 'application/json' })).headers['access-control-allow-origin']).toBe('null');
  });
});
