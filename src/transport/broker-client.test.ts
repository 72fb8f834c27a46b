import { expect, test } from 'vitest';
import { NetworkError } from '#platform';
import { type Api, decodeRequest, decodeRequestHeader, encodeResponse, type ResponseInput } from '#protocol';
import { type ApiVersionsRequest, apiVersions } from '#protocol/apis/api-versions.ts';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { BrokerClient, type BrokerClientOptions } from './broker-client.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { FakeClock, type FakeConnection, FakeNetwork, recordingLog, settled } from './testing.ts';

const broker = { host: 'broker-1', port: 9092 };
const beat = { groupId: 'g', generationId: 1, memberId: 'm' };
const fine = { errorCode: 'NONE' } as const;

test('a connection asks for the versions first, then sends in the highest version that both know', async () => {
  const { client, network } = clientOf();

  const answer = client.send(broker, heartbeat, beat);
  const peer = new Peer(network.dialled[0]!);
  const asked = await peer.next();
  expect(asked).toMatchObject({ apiKey: 18, apiVersion: 3, clientId: 'tests' });
  const request = decodeRequest(apiVersions, 3, asked.frame, asked.bodyOffset) as ApiVersionsRequest;
  expect(request).toMatchObject({ clientSoftwareName: 'kafka-lite-cluster' });
  peer.answerVersions(asked, [{ apiKey: 12, minVersion: 0, maxVersion: 2 }]);
  const sent = await peer.next();
  expect(sent).toMatchObject({ apiKey: 12, apiVersion: 2 });
  peer.answer(heartbeat, sent, { errorCode: 'REBALANCE_IN_PROGRESS' });

  expect(await answer).toMatchObject({ errorCode: 'REBALANCE_IN_PROGRESS' });
});

test.each([
  { theirs: [0, 99], maxVersion: undefined, sends: 4, because: 'no higher one is known here' },
  { theirs: [0, 3], maxVersion: undefined, sends: 3, because: 'the other side knows no higher one' },
  { theirs: [0, 4], maxVersion: 1, sends: 1, because: 'the caller wants no higher one' },
])('with versions $theirs and maxVersion $maxVersion it sends version $sends: $because', async ({ theirs, maxVersion, sends }) => {
  const { client, network } = clientOf();

  void client.send(broker, heartbeat, beat, maxVersion === undefined ? {} : { maxVersion }).catch(() => {});
  const peer = await readyPeer(network, [{ apiKey: 12, minVersion: theirs[0]!, maxVersion: theirs[1]! }]);

  expect((await peer.next()).apiVersion).toBe(sends);
});

test.each([
  { versions: [], says: 'broker-1:9092 does not know Heartbeat' },
  { versions: [{ apiKey: 12, minVersion: 90, maxVersion: 99 }], says: 'knows Heartbeat 90 to 99, wanted is 0 to 4' },
])('without a common version nothing is sent: $says', async ({ versions, says }) => {
  const { client, network } = clientOf();

  const answer = client.send(broker, heartbeat, beat);
  const rejected = expect(answer).rejects.toMatchObject({ errorName: 'UNSUPPORTED_VERSION', message: expect.stringContaining(says) });
  const peer = await readyPeer(network, versions);
  await rejected;

  expect(await peer.all()).toEqual([]);
});

test('a broker that does not know ApiVersions 3 is asked again in the version it names', async () => {
  const { client, network } = clientOf();
  const answer = client.send(broker, heartbeat, beat);
  const peer = new Peer(network.dialled[0]!);

  const first = await peer.next();
  // Such an answer has the body of version 0, whatever was asked.
  peer.answer(
    apiVersions,
    { ...first, apiVersion: 0 },
    { errorCode: 'UNSUPPORTED_VERSION', apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 1 }] },
  );
  const second = await peer.next();
  expect(second).toMatchObject({ apiKey: 18, apiVersion: 1 });
  peer.answerVersions(second, [{ apiKey: 12, minVersion: 0, maxVersion: 0 }]);
  peer.answer(heartbeat, await peer.next(), { errorCode: 'NONE' });

  expect(await answer).toMatchObject({ errorCode: 'NONE' });
});

test('requests on one channel share a connection and do not wait for each other, in one write where made together', async () => {
  const { client, network } = clientOf();
  const peer = await connectedPeer(client, network);
  const writes = peer.connection.writes.length;

  const answers = [1, 2, 3].map((generationId) => client.send(broker, heartbeat, { ...beat, generationId }));
  const requests = await peer.all();
  for (const request of requests) {
    const { generationId } = decodeRequest(heartbeat, request.apiVersion, request.frame, request.bodyOffset);
    peer.answer(heartbeat, request, { ...fine, throttleTimeMs: generationId });
  }

  expect((await Promise.all(answers)).map((answer) => answer.throttleTimeMs)).toEqual([1, 2, 3]);
  expect(peer.connection.writes.length - writes).toBe(1);
  expect(network.dialled).toHaveLength(1);
});

test('channels and addresses have connections of their own', async () => {
  const { client, network } = clientOf();

  for (const [to, channel] of [
    [broker, 'a'],
    [broker, 'b'],
    [broker, 'a'],
    [{ host: 'broker-2', port: 9092 }, 'a'],
  ] as const) {
    void client.send(to, heartbeat, beat, { channel }).catch(() => {});
  }

  expect(network.dialled.map((connection) => connection.remote.host)).toEqual(['broker-1', 'broker-1', 'broker-2']);
});

test('a connection that cannot be made rejects with ECONNREFUSED, and the address is left alone for a while that doubles', async () => {
  const { client, network, clock } = clientOf();
  const pauses: number[] = [];

  let answer = client.send(broker, heartbeat, beat);
  while (pauses.length < 7) {
    const dialled = network.dialled.length;
    network.dialled.at(-1)!.close(new NetworkError('EHOSTUNREACH', 'no route'));
    await expect(answer).rejects.toMatchObject({ code: 'ECONNREFUSED', message: expect.stringContaining('no route') });
    const failedAt = clock.monotonic();
    for (;;) {
      answer = client.send(broker, heartbeat, beat, { channel: `${pauses.length % 2}` });
      if (network.dialled.length > dialled) break;
      await expect(answer).rejects.toMatchObject({ code: 'ECONNREFUSED', message: expect.stringContaining('is left alone') });
      await clock.advance(10);
    }
    pauses.push(clock.monotonic() - failedAt);
  }
  client.close();
  await expect(answer).rejects.toThrow('was not sent');

  expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
});

test('after a success the pauses start small again', async () => {
  const { client, network, clock } = clientOf();
  for (const wait of [50, 100]) {
    const refused = client.send(broker, heartbeat, beat);
    network.dialled.at(-1)!.close();
    await expect(refused).rejects.toThrow('was not sent');
    await clock.advance(wait);
  }
  const peer = await connectedPeer(client, network);
  peer.connection.close();

  const refused = client.send(broker, heartbeat, beat);
  network.dialled.at(-1)!.close();
  await expect(refused).rejects.toThrow('was not sent');
  await clock.advance(50);
  void client.send(broker, heartbeat, beat).catch(() => {});

  expect(network.dialled).toHaveLength(5);
});

test('channels that fail together count as one failure', async () => {
  const { client, network, clock } = clientOf();
  const answers = ['a', 'b', 'c'].map((channel) => client.send(broker, heartbeat, beat, { channel }));
  for (const connection of network.dialled) connection.close();
  for (const answer of answers) await expect(answer).rejects.toThrow('was not sent');

  await clock.advance(50);
  void client.send(broker, heartbeat, beat).catch(() => {});

  expect(network.dialled).toHaveLength(4);
});

test('the random source spreads the pauses by a fifth', async () => {
  const { client, network, clock } = clientOf({ random: { fraction: () => 0 } as never });
  const refused = client.send(broker, heartbeat, beat);
  network.dialled[0]!.close();
  await expect(refused).rejects.toThrow();

  await clock.advance(39);
  await expect(client.send(broker, heartbeat, beat)).rejects.toThrow('is left alone for 1 ms');
  await clock.advance(1);
  void client.send(broker, heartbeat, beat).catch(() => {});

  expect(network.dialled).toHaveLength(2);
});

test('a connection that dies rejects all that was sent on it, and the next request makes another at once', async () => {
  const { client, network } = clientOf();
  const peer = await connectedPeer(client, network);
  const answers = [client.send(broker, heartbeat, beat), client.send(broker, heartbeat, beat)];
  await peer.all();

  peer.connection.close(new NetworkError('ECONNRESET', 'cut'));

  for (const answer of answers) {
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET', message: 'Heartbeat v4 to broker-1:9092: cut' });
  }
  await connectedPeer(client, network);
  expect(network.dialled).toHaveLength(2);
});

test('a connection whose other side has ended takes no further request', async () => {
  const { client, network } = clientOf();
  const peer = await connectedPeer(client, network);
  const sent = client.send(broker, heartbeat, beat);
  await peer.all();

  peer.connection.receiveEnd();
  void client.send(broker, heartbeat, beat).catch(() => {});

  await expect(sent).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(network.dialled).toHaveLength(2);
});

test('a request without an answer in time is rejected and takes its connection with it', async () => {
  const { client, network, clock } = clientOf();
  const peer = await connectedPeer(client, network);
  const slow = client.send(broker, heartbeat, beat, { timeoutMs: 300 });
  const behind = client.send(broker, heartbeat, beat);
  const other = client.send(broker, heartbeat, beat, { channel: 'other' });
  await settled();

  await clock.advance(299);
  expect(peer.connection.isClosed).toBe(false);
  const rejections = [
    expect(slow).rejects.toMatchObject({ code: 'ETIMEDOUT' }),
    expect(behind).rejects.toMatchObject({ code: 'ECONNRESET' }),
  ];
  await clock.advance(1);
  await Promise.all(rejections);

  expect(peer.connection.isDestroyed).toBe(true);
  const otherPeer = await readyPeer(network);
  otherPeer.answer(heartbeat, await otherPeer.next(), fine);
  expect(await other).toMatchObject({ errorCode: 'NONE' });
});

test('a request that was not sent in time says so, and the attempt to connect goes on', async () => {
  const { client, network, clock } = clientOf();
  const impatient = client.send(broker, heartbeat, beat, { timeoutMs: 100 });
  const patient = client.send(broker, heartbeat, beat);

  const rejection = expect(impatient).rejects.toMatchObject({ code: 'ECONNREFUSED', message: expect.stringContaining('within 100 ms') });
  await clock.advance(100);
  await rejection;
  const peer = await readyPeer(network);
  peer.answer(heartbeat, await peer.next(), fine);

  expect(await patient).toMatchObject({ errorCode: 'NONE' });
});

test('a broker that does not tell its versions within 5 seconds counts as down', async () => {
  const { client, network, clock } = clientOf();
  const answer = client.send(broker, heartbeat, beat);

  const rejection = expect(answer).rejects.toMatchObject({ code: 'ECONNREFUSED', message: expect.stringContaining('ApiVersions') });
  await clock.advance(5_000);
  await rejection;

  expect(network.dialled[0]!.isDestroyed).toBe(true);
  await expect(client.send(broker, heartbeat, beat)).rejects.toThrow('is left alone');
});

test.each([
  { what: 'an unknown correlation id', bytes: Buffer.from([0, 0, 0, 8, 0, 0, 77, 77, 0, 0, 0, 0]), says: 'correlation id 19789' },
  { what: 'an answer in HTTP', bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n'), says: 'an answer in HTTP' },
  { what: 'a length of 2 GB', bytes: Buffer.from([0x7f, 0xff, 0xff, 0xff]), says: 'claims 2147483647 bytes' },
  { what: 'a truncated body', bytes: Buffer.from([0, 0, 0, 5, 0, 0, 0, 2, 0]), says: 'HeartbeatResponse' },
])('$what closes the connection; the outcome is unknown', async ({ bytes, says }) => {
  const { client, network, lines } = clientOf();
  const peer = await connectedPeer(client, network, { answersOne: false });
  const answer = client.send(broker, heartbeat, beat);
  await peer.next();

  peer.connection.receive(bytes);

  await expect(answer).rejects.toMatchObject({ code: 'EPROTO', message: expect.stringContaining(says) });
  expect(peer.connection.isDestroyed).toBe(true);
  expect(lines).toHaveLength(1);
});

test('a request that cannot be encoded is rejected and harms nothing', async () => {
  const { client, network } = clientOf();
  const peer = await connectedPeer(client, network);

  const keys = { coordinatorKeys: ['a'] };
  await expect(client.send(broker, findCoordinator, keys, { maxVersion: 3 })).rejects.toThrow();
  const answer = client.send(broker, heartbeat, beat);
  peer.answer(heartbeat, await peer.next(), fine);

  expect(await answer).toMatchObject({ errorCode: 'NONE' });
});

test('a connection without requests is closed after 5 minutes', async () => {
  const { client, network, clock } = clientOf();
  const peer = await connectedPeer(client, network);

  await clock.advance(299_999);
  expect(peer.connection.isClosed).toBe(false);
  await clock.advance(1);

  expect(peer.connection.isDestroyed).toBe(true);
});

test('closing rejects what waits and every later call', async () => {
  const { client, network } = clientOf();
  const peer = await connectedPeer(client, network);
  const sent = client.send(broker, heartbeat, beat);
  const unsent = client.send(broker, heartbeat, beat, { channel: 'other' });
  await peer.next();

  client.close();

  await expect(sent).rejects.toMatchObject({ code: 'ECONNABORTED' });
  await expect(unsent).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(client.send(broker, heartbeat, beat)).rejects.toThrow('the client is closed');
  expect(network.dialled.every((connection) => connection.isDestroyed)).toBe(true);
});

type Versions = { apiKey: number; minVersion: number; maxVersion: number }[];
type Received = ReturnType<typeof decodeRequestHeader> & { frame: Buffer };

const everyVersion: Versions = [
  { apiKey: 10, minVersion: 0, maxVersion: 6 },
  { apiKey: 12, minVersion: 0, maxVersion: 4 },
];

/** The broker's side of a connection that the client made. */
class Peer {
  readonly connection: FakeConnection;
  readonly #splitter = new FrameSplitter({ maxFrameBytes: 1_000_000, minFrameBytes: 8 });
  #seen = 0;

  constructor(connection: FakeConnection) {
    this.connection = connection;
  }

  /** The requests that came since the last call. */
  async all(): Promise<Received[]> {
    await settled();
    for (; this.#seen < this.connection.writes.length; this.#seen++) this.#splitter.push(this.connection.writes[this.#seen]!);
    const requests: Received[] = [];
    for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next()) {
      requests.push({ ...decodeRequestHeader(frame), frame });
    }
    return requests;
  }

  async next(): Promise<Received> {
    const requests = await this.all();
    expect(requests).toHaveLength(1);
    return requests[0]!;
  }

  answer<A extends Api>(api: A, request: { apiVersion: number; correlationId: number }, response: ResponseInput<A>): void {
    this.connection.receive(Buffer.concat(encodeResponse(api, request.apiVersion, request.correlationId, response)));
  }

  answerVersions(request: Received, versions: Versions): void {
    this.answer(apiVersions, request, { errorCode: 'NONE', apiKeys: versions });
  }
}

/** Answers ApiVersions on the newest connection. */
async function readyPeer(network: FakeNetwork, versions: Versions = everyVersion): Promise<Peer> {
  const peer = new Peer(network.dialled.at(-1)!);
  peer.answerVersions(await peer.next(), versions);
  return peer;
}

/** A connection that is ready, and by default has served one request. */
async function connectedPeer(client: BrokerClient, network: FakeNetwork, options = { answersOne: true }): Promise<Peer> {
  const answer = client.send(broker, heartbeat, beat);
  answer.catch(() => {});
  const peer = await readyPeer(network);
  const request = await peer.next();
  if (!options.answersOne) return peer;
  peer.answer(heartbeat, request, fine);
  await answer;
  return peer;
}

function clientOf(options: Partial<BrokerClientOptions> = {}) {
  const network = new FakeNetwork();
  const clock = new FakeClock();
  const { log, lines } = recordingLog();
  return { client: new BrokerClient({ network, clock, log, clientId: 'tests', ...options }), network, clock, lines };
}
