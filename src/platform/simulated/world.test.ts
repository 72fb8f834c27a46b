import { expect, test } from 'vitest';
import { type Connection, sleep } from '../index.ts';
import { SimulatedWorld } from './world.ts';

/** Two hosts; 'b' echoes what it is sent at port 9092, and 'a' has a connection to it. */
async function echoWorld(seed: number) {
  const world = new SimulatedWorld({ seed });
  const events: string[] = [];
  const received: Buffer[] = [];
  const accepted: Connection[] = [];
  const { platform: a } = world.node('a');
  const { platform: b } = world.node('b');
  await b.network.listen({ hosts: ['b'], port: 9092 }, (connection) => {
    accepted.push(connection);
    connection.onData((bytes) => connection.write([bytes]));
    connection.onClose((error) => events.push(`b closed ${error?.code ?? 'well'}`));
  });
  const connection = a.network.connect({ host: 'b', port: 9092 });
  connection.onConnect(() => events.push('connected'));
  connection.onData((bytes) => received.push(bytes));
  connection.onClose((error) => events.push(`a closed ${error?.code ?? 'well'}`));
  await world.run({ forMs: 50 });
  expect(events).toEqual(['connected']);
  events.length = 0;
  return {
    world,
    a,
    b,
    connection,
    events,
    accepted,
    text: () => Buffer.concat(received).toString(),
    size: () => Buffer.concat(received).length,
  };
}

/** A little of everything, under one seed; gives all that can be seen from outside. */
async function history(seed: number): Promise<{ digest: number; trace: string[]; text: string }> {
  const { world, a, connection, text } = await echoWorld(seed);
  const trace: string[] = [];
  world.onEvent = (event) => trace.push(`${event.time} ${event.kind} ${event.owner?.id}`);
  world.network.setConditions({ lossProbability: 0.05, splitProbability: 0.5 });
  const timer = a.clock.every(7, () => connection.write([a.random.bytes(a.random.below(3000))]));
  const file = world.node('b').platform.disk.open('/log', 'create');
  void (async () => {
    for (let round = 0; round < 20; round++) {
      file.write([Buffer.alloc(1000, round)], file.size);
      await file.sync();
    }
  })();
  await world.run({ forMs: 2000 });
  timer.cancel();
  world.node('b').cutPower('hostile');
  await world.run({ forMs: 2000 });
  trace.push(world.node('b').platform.disk.list('/').join());
  return { digest: world.digest, trace, text: text() };
}

test('one seed, one history; another seed, another history', async () => {
  const [first, again, other] = [await history(1), await history(1), await history(2)];
  expect(again).toEqual(first);
  expect(first.trace.length).toBeGreaterThan(500);
  expect(other.digest).not.toBe(first.digest);
});

test('however lossy the link and however small the parts, bytes arrive once and in order', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const { world, connection, text, events } = await echoWorld(seed);
    world.network.setConditions({ lossProbability: 0.1, splitProbability: 1, meanExtraDelayMs: 20 });
    let sent = '';
    for (let index = 0; index < 100; index++) {
      sent += `message ${index};`;
      connection.write([Buffer.from(`message ${index};`)]);
      await world.run({ forMs: index % 7 });
    }
    await world.run({ forMs: 60_000 });
    expect(events).toEqual([]);
    expect(text()).toBe(sent);
  }
});

test('a cut stalls both directions, and after it has healed all that was sent arrives', async () => {
  const { world, connection, text, events } = await echoWorld(1);
  world.network.cut('a', 'b');
  connection.write([Buffer.from('one ')]);
  await world.run({ forMs: 10_000 });
  connection.write([Buffer.from('two')]);
  await world.run({ forMs: 10_000 });
  expect(text()).toBe('');
  world.network.heal('a', 'b');
  await world.run({ forMs: 1000 });
  expect(text()).toBe('one two');
  expect(events).toEqual([]);
});

test('a cut that lasts ends the connection of who has sent, and the other end learns of it when it sends too', async () => {
  const { world, connection, events, accepted } = await echoWorld(1);
  world.network.cut('a', 'b');
  connection.write([Buffer.from('lost')]);
  await world.run({ forMs: 60_000 });
  expect(events).toEqual(['a closed ETIMEDOUT']);

  world.network.healAll();
  await world.run({ forMs: 60_000 });
  expect(events).toHaveLength(1);
  accepted[0]!.write([Buffer.from('still there?')]);
  await world.run({ forMs: 1000 });
  expect(events).toEqual(['a closed ETIMEDOUT', 'b closed ECONNRESET']);
});

test('with one way cut, requests arrive and answers do not', async () => {
  const { world, connection, text, accepted, events } = await echoWorld(1);
  let arrived = 0;
  accepted[0]!.onData((bytes) => {
    arrived += bytes.length;
    accepted[0]!.write([bytes]);
  });
  world.network.cut('b', 'a', 'one-way');
  connection.write([Buffer.from('request')]);
  await world.run({ forMs: 5000 });
  expect([arrived, text()]).toEqual([7, '']);
  // Without acknowledgements both give up in the end.
  await world.run({ forMs: 60_000 });
  expect(events.sort()).toEqual(['a closed ETIMEDOUT', 'b closed ETIMEDOUT']);
});

test('a reset delivers a beginning of what was on its way, and tells both ends', async () => {
  const lengths = new Set<number>();
  for (let seed = 0; seed < 30; seed++) {
    const { world, connection, accepted, events } = await echoWorld(seed);
    let arrived = '';
    accepted[0]!.onData((bytes) => {
      arrived += bytes.toString();
    });
    connection.write([Buffer.from('0123456789')]);
    world.network.reset('b', 'a');
    await world.run({ forMs: 1000 });
    expect('0123456789'.startsWith(arrived)).toBe(true);
    expect(events.sort()).toEqual(['a closed ECONNRESET', 'b closed ECONNRESET']);
    lengths.add(arrived.length);
  }
  expect(lengths.size).toBeGreaterThan(4);
});

test('a paused process misses nothing: its timers and its data wait, and time goes on', async () => {
  const { world, b, connection, text } = await echoWorld(1);
  const ticks: number[] = [];
  b.clock.after(10, () => ticks.push(b.clock.monotonic()));
  const start = b.clock.monotonic();
  world.node('b').pause();
  connection.write([Buffer.from('hello')]);
  await world.run({ forMs: 3000 });
  expect([ticks, text()]).toEqual([[], '']);

  world.node('b').resume();
  await world.run({ forMs: 10 });
  expect(text()).toBe('hello');
  expect(ticks[0]! - start).toBeGreaterThanOrEqual(3000);
});

test('a killed process runs no more, its peers hear of it, its port refuses, and its disk keeps what it wrote', async () => {
  const { world, a, b, connection, events } = await echoWorld(1);
  b.disk.open('/log', 'create').write([Buffer.from('not synced')], 0);
  b.clock.after(10, () => expect.unreachable());
  void sleep(b.clock, 10).then(() => expect.unreachable());
  world.node('b').kill();
  connection.write([Buffer.from('anybody there?')]);
  await world.run({ forMs: 1000 });
  expect(events).toEqual([expect.stringMatching(/^a closed (ECONNRESET|well)$/)]);
  expect(() => b.disk.list('/')).toThrow('ended');

  const refused = a.network.connect({ host: 'b', port: 9092 });
  refused.onClose((error) => events.push(`refused ${error?.code}`));
  await world.run({ forMs: 1000 });
  expect(events.at(-1)).toBe('refused ECONNREFUSED');
  expect(world.node('b').isRunning).toBe(false);
  expect(world.node('b').platform.disk.readFile('/log').toString()).toBe('not synced');
});

test('a process that is killed while it is paused lets its peers go on', async () => {
  const { world, connection, events } = await echoWorld(1);
  world.node('b').pause();
  connection.write([Buffer.from('hello?')]);
  await world.run({ forMs: 1000 });
  world.node('b').kill();
  await world.run({ forMs: 1000 });
  expect(events).toEqual([expect.stringMatching(/^a closed/)]);
  expect(world.node('b').isPaused).toBe(false);
});

test('a host without power answers nobody; when it is up again, old connections are reset', async () => {
  const { world, a, b, connection, events } = await echoWorld(1);
  const file = b.disk.open('/log', 'create');
  file.write([Buffer.from('synced')], 0);
  await world.finish(Promise.all([file.sync(), b.disk.syncDirectory('/')]));
  file.write([Buffer.from(' and not')], 6);
  world.node('b').cutPower('strict');
  connection.write([Buffer.from('anybody there?')]);
  const dialling = a.network.connect({ host: 'b', port: 9092 }, { timeoutMs: 5000 });
  dialling.onClose((error) => events.push(`dialling ${error?.code}`));
  await world.run({ forMs: 10_000 });
  expect(events).toEqual(['dialling ETIMEDOUT']);

  expect(world.node('b').platform.disk.readFile('/log').toString()).toBe('synced');
  await world.run({ forMs: 1000 });
  expect(events).toEqual(['dialling ETIMEDOUT', 'a closed ECONNRESET']);
});

test('a host that is up and idle for long does not lose a connection to a silent peer', async () => {
  const { world, events } = await echoWorld(1);
  world.network.isolate('b');
  await world.run({ forMs: 3_600_000 });
  expect(events).toEqual([]);
});

test('who dials into a cut gets through when it heals in time', async () => {
  const { world, a, events } = await echoWorld(1);
  world.network.isolate('b');
  const dialling = a.network.connect({ host: 'b', port: 9092 }, { timeoutMs: 20_000 });
  dialling.onConnect(() => events.push('dialled'));
  await world.run({ forMs: 2000 });
  world.network.healAll();
  await world.run({ forMs: 10_000 });
  expect(events).toEqual(['dialled']);
});

test('names: unknown ones are not found, aliases are, and loopback listeners are for their own host only', async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const [a, b] = [world.node('a').platform, world.node('b').platform];
  world.network.addAlias('broker-2.example', 'b');
  const events: string[] = [];
  const listener = await b.network.listen({ hosts: ['localhost', '::1'], port: 0 }, () => events.push('accepted'));
  await b.network.listen({ hosts: ['broker-2.example'], port: 80 }, () => events.push('accepted by name'));
  await expect(b.network.listen({ hosts: ['a'], port: 1 }, () => {})).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  for (const address of [
    { host: 'nobody', port: 1 },
    { host: 'b', port: listener.port },
    { host: 'broker-2.example', port: 80 },
  ]) {
    const connection = a.network.connect(address);
    connection.onClose((error) => events.push(`${address.host} ${error?.code}`));
  }
  b.network.connect({ host: '127.0.0.1', port: listener.port });
  await world.run({ forMs: 100 });
  expect(events.sort()).toEqual(['accepted', 'accepted by name', 'b ECONNREFUSED', 'nobody ENOTFOUND']);
});

test('a test sees each write on its way and can send it once more', async () => {
  const world = new SimulatedWorld({ seed: 1 });
  const [a, b] = [world.node('a').platform, world.node('b').platform];
  const frames: string[] = [];
  await b.network.listen({ hosts: ['b'], port: 9092 }, (connection) => connection.onData((bytes) => frames.push(bytes.toString())));
  world.network.setConditions({ splitProbability: 0 });
  world.network.intercept = (from, to, bytes) => {
    world.network.intercept = undefined;
    expect([from.host, to, bytes.toString()]).toEqual(['a', { host: 'b', port: 9092 }, 'a frame']);
    world.after(100, () => void a.network.connect(to).write([bytes]));
  };
  a.network.connect({ host: 'b', port: 9092 }).write([Buffer.from('a '), Buffer.from('frame')]);
  await world.run({ forMs: 1000 });
  expect(frames).toEqual(['a frame', 'a frame']);
});

test('connections break at random where the conditions say so, and never without telling', async () => {
  let broken = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { world, connection, events, size } = await echoWorld(seed);
    world.network.setConditions({ resetProbability: 0.1 });
    for (let index = 0; index < 20; index++) {
      connection.write([Buffer.alloc(100)]);
      await world.run({ forMs: 100 });
    }
    if (events.length === 0) expect(size()).toBe(2000);
    else {
      broken++;
      expect(events.sort()).toEqual(['a closed ECONNRESET', 'b closed ECONNRESET']);
    }
  }
  expect(broken).toBeGreaterThan(10);
});

test('finish() says so when something does not come to an end', async () => {
  const world = new SimulatedWorld({ seed: 1 });
  await expect(world.finish(new Promise(() => {}), 1000)).rejects.toThrow('not settled within 1000 ms');
  await expect(world.finish(Promise.reject(new Error('its own error')))).rejects.toThrow('its own error');
  expect(await world.finish(sleep(world.node('a').platform.clock, 5000).then(() => world.nowMs))).toBe(6000);
});

test('a slow disk takes longer, and a process that dies hears nothing of its syncs', async () => {
  const world = new SimulatedWorld({ seed: 1, disk: { syncDelay: { minMs: 10, meanMs: 0 } } });
  const { platform } = world.node('a');
  const file = platform.disk.open('/log', 'create');
  await world.finish(file.sync());
  expect(world.nowMs).toBe(10);
  world.node('a').disk.setSlowness(7);
  await world.finish(file.sync());
  expect(world.nowMs).toBe(80);

  void file.sync().then(() => expect.unreachable());
  world.node('a').kill();
  await world.run({ forMs: 1000 });
});
