import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttpDoor, type HttpDoor } from '#http';
import { FakeRouter } from '#http/testing.ts';
import { NetworkError, NodeClock, silentLogger } from '#platform';
import { buildRecordBatch } from '#protocol';
import type { ProduceRequest } from '#protocol/apis/produce.ts';
import { type Program, runMain, runMainInTerminal } from '../testing.ts';

let router: FakeRouter;
let door: HttpDoor;
let server: Server;
let port: number;
const sockets = new Set<Socket>();
const programs: Program[] = [];

beforeEach(async () => {
  router = new FakeRouter();
  door = createHttpDoor({
    router,
    clock: new NodeClock(),
    log: silentLogger,
    readyWaitMs: 10,
    patience: { leaderMs: 100, outcomeMs: 300 },
  });
  sockets.clear();
  server = createServer((socket) => {
    sockets.add(socket);
    door.handle(socket);
  }).listen(0, 'localhost');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  router.ports = [port, port, port];
  router.addTopic('test', 3);
});

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL');
    await program.ended;
  }
  server.close();
  await door.close({ graceMs: 0 });
});

function start(which: 'producer' | 'consumer', how: typeof runMain | typeof runMainInTerminal = runMain): Program {
  const program = how([which, `--meta=localhost:${port}`]);
  programs.push(program);
  return program;
}

function store(...messages: (string | null)[]): void {
  router.append(
    'id-of-test',
    1,
    buildRecordBatch({ records: messages.map((text) => ({ value: text === null ? null : Buffer.from(text) })) }),
  );
}

function recordsOf({ topicData }: ProduceRequest): Buffer {
  return topicData[0]!.partitionData[0]!.records!;
}

const partitions = () => `Partitions:\n${[0, 1, 2].map((partition) => `  ${partition} on localhost:${port}\n`).join('')}`;

describe('producer', () => {
  test('from a pipe it prints every prompt and line of the contract', async () => {
    const producer = start('producer');
    producer.type('test\n1\nHello World\nAnother message\nexit\n');

    expect(await producer.ended).toBe(0);
    expect(producer.output).toBe(`Enter topic: ${partitions()}Partition?> Type messages (or 'exit'):\n> offset: 0\n> offset: 1\n> `);
    expect(producer.errors).toBe('');
  });

  test('from a terminal the screen looks as in the contract', async () => {
    const producer = start('producer', runMainInTerminal);
    await producer.until('Enter topic: ');
    producer.type('test\r');
    await producer.until('Partition?> ');
    producer.type('1\r');
    await producer.until('> ', { times: 2 });
    producer.type('Hello World\r');
    await producer.until('offset: 0');
    await producer.until('> ', { times: 3 });
    producer.type('exit\r');

    expect(await producer.ended).toBe(0);
    const screen = producer.output.replaceAll(/\r+\n/g, '\n').replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
    expect(screen).toBe(`Enter topic: test\n${partitions()}Partition?> 1\nType messages (or 'exit'):\n> Hello World\noffset: 0\n> exit\n`);
  });

  test('ends cleanly with its input', async () => {
    const producer = start('producer');
    producer.type('test\n1\nthe last line has no end');
    producer.endInput();

    expect(await producer.ended).toBe(0);
    expect(producer.output).toContain('offset: 0');
  });

  test('sends lines as they are, in their order, however fast they come', async () => {
    const lines = ['', ' spaces ', 'tab\tbed', 'grüße 🎉', '"quoted"', ...Array.from({ length: 2_000 }, (_, i) => `line ${i}`)];
    const producer = start('producer');
    producer.type(`test\n1\n${lines.join('\n')}\n`);
    producer.endInput();

    expect(await producer.ended).toBe(0);
    const stored = await Promise.all(lines.map((_, i) => door.inject(`/consume?topic=test&partition=1&offset=${i}`)));
    expect(stored.map((answer) => answer.json().message)).toEqual(lines);
  });

  test.each([
    { input: 'nope\n', error: 'There is no topic "nope". There are: test.' },
    { input: 'test\n7\n', error: 'Topic "test" has no partition "7"; it has 3, counted from 0.' },
    { input: 'test\none\n', error: 'no partition "one"' },
  ])('from a pipe a wrong answer ends it with 3', async ({ input, error }) => {
    const producer = start('producer');
    producer.type(input);

    expect(await producer.ended).toBe(3);
    expect(producer.errors).toContain(error);
  });

  test('from a terminal a wrong answer is asked again', async () => {
    const producer = start('producer', runMainInTerminal);
    await producer.until('Enter topic: ');
    producer.type('nope\r');
    await producer.until('There is no topic "nope"');
    await producer.until('Enter topic: ', { times: 2 });
    producer.type('test\r');

    await producer.until('Partition?> ');
  });

  test('Ctrl-C ends it with 130, from a terminal and from outside', async () => {
    const inTerminal = start('producer', runMainInTerminal);
    await inTerminal.until('Enter topic: ');
    inTerminal.type('\u0003');
    const piped = start('producer');
    await piped.until('Enter topic: ');
    piped.signal('SIGINT');

    expect(await inTerminal.ended).toBe(130);
    expect(await piped.ended).toBe(130);
    expect(piped.errors).toBe('');
  });

  test('waits for a broker that is down, and says so once', async () => {
    let isDown = true;
    router.intercept = () => {
      if (isDown) throw new NetworkError('ECONNREFUSED', 'refused');
    };
    const producer = start('producer');
    producer.type('test\n1\nHello\nexit\n');
    await producer.untilError('Trying again');
    isDown = false;

    expect(await producer.ended).toBe(0);
    expect(producer.output).toContain('offset: 0');
    expect(producer.errors.match(/Trying again/g)).toHaveLength(1);
  });

  test('does not repeat a message that may have been written, and tells so with its exit code', async () => {
    router.intercept = ({ api, request }) => {
      if (api === 'Produce' && recordsOf(request as ProduceRequest).includes('lost?')) throw new NetworkError('ECONNRESET', 'reset');
    };
    const producer = start('producer');
    producer.type('test\n1\nlost?\nkept\n');
    producer.endInput();

    expect(await producer.ended).toBe(1);
    expect(producer.errors).toContain('not known whether');
    expect(producer.output).toContain('> > offset: 0');
  });

  test('without a broker it says where it looked and ends with 4', async () => {
    server.close();
    await door.close({ graceMs: 0 });
    const producer = start('producer');
    producer.type('test\n');

    expect(await producer.ended).toBe(4);
    expect(producer.errors).toContain(
      `--meta=localhost:${port}: localhost:${port} does not answer (ECONNREFUSED). Is a broker running there?`,
    );
  });

  test('a cluster that is not ready ends it with 4 and the reason', async () => {
    router.ready = false;
    const producer = start('producer');
    producer.type('test\n');

    expect(await producer.ended).toBe(4);
    expect(producer.errors).toContain('no controller');
  });
});

describe('consumer', () => {
  test('from a pipe it prints what is there and what arrives, until interrupted', async () => {
    store('Hello World');
    const consumer = start('consumer');
    consumer.type('test\n1\n');
    consumer.endInput();
    await consumer.until('[Offset 0] Hello World\n');
    store('Another message');
    await consumer.until('[Offset 1] Another message\n');
    consumer.signal('SIGINT');

    expect(await consumer.ended).toBe(130);
    expect(consumer.output).toBe(`Enter topic: ${partitions()}Partition?> [Offset 0] Hello World\n[Offset 1] Another message\n`);
    expect(consumer.errors).toBe('');
  });

  test('from a terminal it does the same, and Ctrl-C ends it', async () => {
    store('Hello World');
    const consumer = start('consumer', runMainInTerminal);
    await consumer.until('Enter topic: ');
    consumer.type('test\r');
    await consumer.until('Partition?> ');
    consumer.type('1\r');
    await consumer.until('[Offset 0] Hello World');
    consumer.type('\u0003');

    expect(await consumer.ended).toBe(130);
  });

  test('begins where the log begins, and prints a tombstone as an empty message', async () => {
    store('old', 'old', null, 'kept');
    router.log('id-of-test', 1).start = 2n;
    const consumer = start('consumer');
    consumer.type('test\n1\n');

    await consumer.until('[Offset 2] \n[Offset 3] kept\n');

    expect(consumer.errors).toContain('begins at offset 2');
  });

  test('goes on after an outage, and says so', async () => {
    store('Hello World');
    router.intercept = () => {
      throw new NetworkError('ECONNREFUSED', 'refused');
    };
    const consumer = start('consumer');
    consumer.type('test\n1\n');
    await consumer.untilError('Trying again until it works');
    router.intercept = undefined;

    await consumer.until('[Offset 0] Hello World');
    await consumer.untilError('Reading test-1 again.');
  });

  test('ends quietly when its reader goes away', async () => {
    const consumer = start('consumer');
    consumer.type('test\n1\n');
    await consumer.until('Partition?> ');
    consumer.process.stdout!.destroy();
    store('nobody', 'reads', 'this');

    expect(await consumer.ended).toBe(0);
    expect(consumer.errors).toBe('');
  });

  test('a topic that is deleted meanwhile ends it with 3', async () => {
    const consumer = start('consumer');
    consumer.type('test\n1\n');
    await consumer.until('Partition?> ');
    router.removeTopic('test');

    expect(await consumer.ended).toBe(3);
    expect(consumer.errors).toContain('There is no topic "test"');
  });
});

describe('when the broker of --meta dies', () => {
  let other: Server;

  beforeEach(async () => {
    // A second broker of the same cluster: the metadata name it as the owner of partition 2.
    other = createServer((socket) => door.handle(socket)).listen(0, 'localhost');
    await once(other, 'listening');
    router.ports = [port, port, (other.address() as AddressInfo).port];
  });
  afterEach(() => {
    other.close();
  });

  /** As kill -9 does it: no connection is left, and none is taken. */
  async function kill(): Promise<void> {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
    // The clients have heard of it.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }

  test('the producer says so and goes on with another one', async () => {
    const producer = start('producer');
    producer.type('test\n1\nbefore\n');
    await producer.until('offset: 0');
    await kill();
    producer.type('after\nand after\nexit\n');

    expect(await producer.ended).toBe(0);
    expect(producer.output).toContain('offset: 1\n> offset: 2');
    expect(producer.errors).toBe(`localhost:${port} does not answer (ECONNREFUSED). Going on with localhost:${router.ports[2]}.\n`);
  });

  test('the consumer says so and goes on with another one', async () => {
    store('before');
    const consumer = start('consumer');
    consumer.type('test\n1\n');
    await consumer.until('[Offset 0] before\n');
    await kill();
    store('after');

    await consumer.until('[Offset 1] after\n');
    expect(consumer.errors).toMatch(
      new RegExp(`^(the connection to )?localhost:${port} .* Going on with localhost:${router.ports[2]}\\.\\n`),
    );
  });
});
