import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Program, runMainInTerminal } from '#cli/testing.ts';
import { Cluster, eventually, type HttpAnswer, http, longestPauseMs, runCommand } from './cluster.ts';

const ok = (body: string): HttpAnswer => ({ status: 200, body });
const offset = (value: number): HttpAnswer => ok(`{"offset":${value}}`);
const message = (at: number, text: string): HttpAnswer => ok(`{"offset":${at},"message":${JSON.stringify(text)}}`);

function metadataOf(topic: string, owners: readonly string[]): string {
  const partitions = owners.map((broker, partition) => `{"partition":${partition},"broker":"${broker}"}`);
  return `{"topic_partitions":{"${topic}":[${partitions.join(',')}]}}`;
}

describe('three brokers', { timeout: 60_000 }, () => {
  let cluster: Cluster;

  afterEach(() => cluster.destroy());

  test.each([
    [[1, 2, 3]],
    [[1, 3, 2]],
    [[2, 1, 3]],
    [[2, 3, 1]],
    [[3, 1, 2]],
    [[3, 2, 1]],
  ])('started in the order %j become one cluster', async (order) => {
    cluster = await Cluster.plan(3);

    for (const id of order) await cluster.startBroker(id);
    const first = order[0]!;

    // The first request comes at once: it waits until there is a cluster to carry it out.
    expect(await cluster.post(first, '/create-topic', { topic: 'test', partitions: 3 })).toEqual(ok('{"status":"created"}'));
    for (const id of cluster.ids) {
      expect(await cluster.get(id, '/list-topics')).toEqual(ok('{"topics":["test"]}'));
      expect(await cluster.get(id, '/metadata')).toEqual(
        ok(
          metadataOf(
            'test',
            cluster.ids.map((owner) => cluster.address(owner)),
          ),
        ),
      );
    }
    // Any broker takes any request.
    for (const partition of [0, 1, 2]) {
      for (const [at, id] of cluster.ids.entries()) {
        const text = `to ${partition} by ${id}`;
        expect(await cluster.post(id, '/produce', { topic: 'test', partition, message: text })).toEqual(offset(at));
        for (const reader of cluster.ids) {
          expect(await cluster.get(reader, `/consume?topic=test&partition=${partition}&offset=${at}`)).toEqual(message(at, text));
        }
      }
    }
    for (const id of cluster.ids) expect(cluster.brokers.get(id)!.output).toBe(`Broker ${id} running on :${cluster.port(id)}\n`);
  });

  test('a broker that comes much later joins, and knows all that there is', async () => {
    cluster = await Cluster.plan(3);
    await cluster.startBroker(1);
    await cluster.startBroker(2);
    await cluster.post(1, '/create-topic', { topic: 'early', partitions: 2 });
    await cluster.post(1, '/produce', { topic: 'early', partition: 1, message: 'before you came' });

    await cluster.startBroker(3);
    await cluster.untilReady();

    expect(await cluster.get(3, '/list-topics')).toEqual(ok('{"topics":["early"]}'));
    expect(await cluster.get(3, '/consume?topic=early&partition=1&offset=0')).toEqual(message(0, 'before you came'));
  });
});

describe.each([1, 2])('a cluster of %i', (count) => {
  let cluster: Cluster;

  afterEach(() => cluster.destroy());

  test('works too, with partitions round-robin', async () => {
    cluster = await Cluster.start(count);

    expect(await cluster.post(count, '/create-topic', { topic: 'test', partitions: 3 })).toEqual(ok('{"status":"created"}'));

    const owners = [0, 1, 2].map((partition) => cluster.address((partition % count) + 1));
    expect(await cluster.get(1, '/metadata')).toEqual(ok(metadataOf('test', owners)));
    expect(await cluster.post(1, '/produce', { topic: 'test', partition: 2, message: 'Hello' })).toEqual(offset(0));
  });
});

describe('HTTP, line by line', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start(3);
    await cluster.post(1, '/create-topic', { topic: 'test', partitions: 3 });
  });
  afterAll(() => cluster.destroy());

  test.each([
    { topic: '', partitions: 3 },
    { topic: 'x', partitions: 0 },
    { topic: 'x', partitions: -1 },
    { topic: '..', partitions: 1 },
    { topic: 'x'.repeat(250), partitions: 1 },
    { topic: 'a b', partitions: 1 },
  ])('create-topic of $topic with $partitions partitions is 400', async (body) => {
    expect((await cluster.post(2, '/create-topic', body)).status).toBe(400);
  });

  test('a second create is 409, whatever it asks for, and changes nothing', async () => {
    const before = await cluster.get(1, '/metadata');
    await cluster.post(1, '/produce', { topic: 'test', partition: 2, message: 'still here' });

    for (const id of cluster.ids) expect((await cluster.post(id, '/create-topic', { topic: 'test', partitions: 7 })).status).toBe(409);

    expect(await cluster.get(2, '/metadata')).toEqual(before);
    expect(await cluster.get(3, '/consume?topic=test&partition=2&offset=0')).toEqual(message(0, 'still here'));
  });

  test('produce and consume of what is not there', async () => {
    expect((await cluster.post(1, '/produce', { topic: 'nope', partition: 0, message: 'x' })).status).toBe(404);
    expect((await cluster.post(1, '/produce', { topic: 'test', partition: 3, message: 'x' })).status).toBe(404);
    expect((await cluster.get(1, '/consume?topic=nope&partition=0&offset=0')).status).toBe(404);
    expect((await cluster.get(1, '/consume?topic=test&partition=3&offset=0')).status).toBe(404);
    expect(await cluster.get(1, '/consume?topic=test&partition=0&offset=0')).toEqual({ status: 204, body: '' });
    expect(await cluster.get(2, '/consume?topic=test&partition=0&offset=1000000')).toEqual({ status: 204, body: '' });
  });

  test('__proto__ is a topic like any other', async () => {
    expect(await cluster.post(1, '/create-topic', { topic: '__proto__', partitions: 1 })).toEqual(ok('{"status":"created"}'));
    expect(await cluster.post(2, '/produce', { topic: '__proto__', partition: 0, message: 'x' })).toEqual(offset(0));
    expect((await cluster.get(3, '/metadata')).body).toContain('"__proto__":[{"partition":0,');
  });

  test('there is no way to assign owners', async () => {
    const forged = { topic: 'forged', partitions: [{ partition: 0, broker: cluster.address(3) }] };

    expect((await cluster.post(1, '/internal-create-topic', forged)).status).toBe(404);
    expect((await cluster.get(1, '/list-topics')).body).not.toContain('forged');
  });

  test.each([
    { body: '{', because: 'not JSON' },
    { body: `{"topic":"test","partition":0,"message":${'['.repeat(1000)}${']'.repeat(1000)}}`, because: 'deep' },
    { body: '{"topic":"test","partition":9007199254740993,"message":"x"}', because: 'beyond 2^53' },
  ])('a body that is $because is 400', async ({ body }) => {
    expect((await http('POST', `http://${cluster.address(1)}/produce`, body)).status).toBe(400);
  });
});

describe('interactive clients', () => {
  let cluster: Cluster;
  const programs: Program[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start(3);
  });
  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.signal('SIGKILL');
      await program.ended;
    }
  });
  afterAll(() => cluster.destroy());

  const partitions = () => `Partitions:\n${cluster.ids.map((id) => `  ${id - 1} on ${cluster.address(id)}\n`).join('')}`;
  const kept = (program: Program) => {
    programs.push(program);
    return program;
  };

  test('through pipes', async () => {
    await cluster.post(1, '/create-topic', { topic: 'piped', partitions: 3 });
    const producer = kept(runCommand(['producer', `--meta=${cluster.address(1)}`]));
    producer.type('piped\n1\nHello World\nAnother message\nexit\n');
    const consumer = kept(runCommand(['consumer', `--meta=${cluster.address(3)}`]));
    consumer.type('piped\n1\n');

    expect(await producer.ended).toBe(0);
    expect(producer.output).toBe(`Enter topic: ${partitions()}Partition?> Type messages (or 'exit'):\n> offset: 0\n> offset: 1\n> `);
    await consumer.until('[Offset 1] Another message\n');
    expect(consumer.output).toBe(`Enter topic: ${partitions()}Partition?> [Offset 0] Hello World\n[Offset 1] Another message\n`);

    await cluster.post(2, '/produce', { topic: 'piped', partition: 1, message: 'it goes on' });
    await consumer.until('[Offset 2] it goes on\n');
    consumer.signal('SIGINT');
    expect(await consumer.ended).toBe(130);
  });

  test('through a pseudo-terminal', async () => {
    await cluster.post(1, '/create-topic', { topic: 'typed', partitions: 3 });
    const producer = kept(runMainInTerminal(['producer', `--meta=${cluster.address(2)}`]));
    const consumer = kept(runMainInTerminal(['consumer', `--meta=${cluster.address(2)}`]));
    for (const client of [producer, consumer]) {
      await client.until('Enter topic: ');
      client.type('typed\r');
      await client.until('Partition?> ');
      client.type('1\r');
    }
    await producer.until("Type messages (or 'exit'):");
    producer.type('Hello World\r');
    await producer.until('offset: 0');
    producer.type('exit\r');

    expect(await producer.ended).toBe(0);
    await consumer.until('[Offset 0] Hello World');
    consumer.type('\u0003');
    expect(await consumer.ended).toBe(130);
  });

  test('a consumer lives through the end of the owner', async () => {
    await cluster.post(1, '/create-topic', { topic: 'lasting', partitions: 3 });
    await cluster.post(1, '/produce', { topic: 'lasting', partition: 1, message: 'before' });
    const consumer = kept(runCommand(['consumer', `--meta=${cluster.address(1)}`]));
    consumer.type('lasting\n1\n');
    await consumer.until('[Offset 0] before\n');

    await cluster.end(2, 'SIGKILL');
    expect(await cluster.post(1, '/produce', { topic: 'lasting', partition: 1, message: 'after' })).toEqual(offset(1));

    await consumer.until('[Offset 1] after\n');
    await cluster.startBroker(2);
    await cluster.untilReady();
  });
});

describe("the first program's faults are gone", () => {
  let cluster: Cluster;

  afterEach(() => cluster.destroy());

  test('a restart loses nothing, neither in good order nor by kill -9', { timeout: 120_000 }, async () => {
    cluster = await Cluster.start(3);
    await cluster.post(1, '/create-topic', { topic: 'test', partitions: 3 });
    for (const partition of [0, 1, 2]) await cluster.post(1, '/produce', { topic: 'test', partition, message: `kept ${partition}` });
    const metadata = await cluster.get(1, '/metadata');

    for (const [round, signal] of (['SIGTERM', 'SIGKILL'] as const).entries()) {
      const codes = await Promise.all(cluster.ids.map((id) => cluster.end(id, signal)));
      expect(codes).toEqual(signal === 'SIGTERM' ? [0, 0, 0] : [signal, signal, signal]);
      await Promise.all(cluster.ids.map((id) => cluster.startBroker(id)));
      await cluster.untilReady();

      // Who started first leads everything at first; the preferred replicas lead again a few seconds later.
      await eventually(
        () => cluster.get(2, '/metadata'),
        (seen) => isDeepStrictEqual(seen, metadata),
      );
      for (const partition of [0, 1, 2]) {
        expect(await cluster.get(3, `/consume?topic=test&partition=${partition}&offset=0`)).toEqual(message(0, `kept ${partition}`));
        expect(await cluster.post(2, '/produce', { topic: 'test', partition, message: 'more' })).toEqual(offset(round + 1));
      }
    }
  });

  test('a broker that is down during create-topic learns the topic when it is back', async () => {
    cluster = await Cluster.start(3);
    await cluster.end(3, 'SIGKILL');

    expect(await cluster.post(1, '/create-topic', { topic: 'missed', partitions: 2 })).toEqual(ok('{"status":"created"}'));
    expect(await cluster.post(2, '/produce', { topic: 'missed', partition: 0, message: 'x' })).toEqual(offset(0));
    await cluster.startBroker(3);
    await cluster.untilReady();

    expect(await cluster.get(3, '/list-topics')).toEqual(ok('{"topics":["missed"]}'));
    expect(await cluster.get(3, '/consume?topic=missed&partition=0&offset=0')).toEqual(message(0, 'x'));
    expect((await cluster.post(3, '/create-topic', { topic: 'missed', partitions: 2 })).status).toBe(409);
    expect(await cluster.get(1, '/consume?topic=missed&partition=0&offset=0')).toEqual(message(0, 'x'));
  });

  test('produce to an owner that is down goes on with another broker, and no message is lost', async () => {
    cluster = await Cluster.start(3);
    await cluster.post(1, '/create-topic', { topic: 'test', partitions: 3 });
    expect(await cluster.post(1, '/produce', { topic: 'test', partition: 1, message: 'before' })).toEqual(offset(0));
    await cluster.end(2, 'SIGKILL');

    const start = performance.now();
    expect(await cluster.post(1, '/produce', { topic: 'test', partition: 1, message: 'after' })).toEqual(offset(1));
    expect(performance.now() - start).toBeLessThan(longestPauseMs());

    expect(await cluster.post(3, '/produce', { topic: 'test', partition: 0, message: 'others work' })).toEqual(offset(0));
    expect(await cluster.get(1, '/consume?topic=test&partition=1&offset=0')).toEqual(message(0, 'before'));
    expect(await cluster.get(3, '/consume?topic=test&partition=1&offset=1')).toEqual(message(1, 'after'));
    await cluster.startBroker(2);
    await cluster.untilReady();
    expect(await cluster.get(2, '/consume?topic=test&partition=1&offset=1')).toEqual(message(1, 'after'));
  });
});
