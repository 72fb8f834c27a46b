import { expect, test } from 'vitest';
import { ClusterClock, type Connection, EmbeddedProcess, memoryDisk, NodeClock, nodePlatform, ReservedPort, sleep } from '../index.ts';

const host = '127.0.0.1';

function started(port?: ReservedPort) {
  const real = nodePlatform();
  const disk = memoryDisk();
  disk.makeDirectory('/data');
  const process = new EmbeddedProcess({ ...real, clock: new ClusterClock(new NodeClock()), disk, port });
  const { clock, network } = process.platform;
  return { process, real, disk, clock, network };
}

/** Lets everything happen that is on its way. */
const pass = (ms = 40) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('when a process is killed nothing of it goes on, and who spoke to it hears of its end', async () => {
  const { process, real, disk, clock, network } = started();
  const events: string[] = [];
  const listener = await process.platform.network.listen({ hosts: [host], port: 0 }, (connection) => {
    connection.onClose(() => events.push('closed in the process'));
    connection.onData(() => events.push('data in the process'));
  });
  const peer = real.network.connect({ host, port: listener.port });
  peer.onClose(() => events.push('closed at the peer'));
  peer.onEnd(() => events.push('end at the peer'));
  peer.write([Buffer.from('hello')]);
  await pass();
  clock.after(10, () => events.push('timer'));
  const file = process.platform.disk.open('/data/log', 'create');
  file.write([Buffer.from('written')], 0);
  process.platform.disk.lock('/data');
  void file.sync().then(() => events.push('synced'));

  await process.kill();
  await pass();

  expect(events.filter((event) => !event.endsWith('at the peer'))).toEqual(['data in the process']);
  expect(events.some((event) => event.endsWith('at the peer'))).toBe(true);
  expect(disk.readFile('/data/log').toString()).toBe('written');
  disk.lock('/data').release();
  expect(() => process.platform.disk.open('/data/log', 'read')).toThrow('killed');
  await expect(dialled(real.network.connect({ host, port: listener.port }))).resolves.toBe('ECONNREFUSED');
  expect(await Promise.race([dialled(network.connect({ host, port: listener.port })), pass().then(() => 'silence')])).toBe('silence');
});

test('the timers of a stopped process end when it goes on, a repeated one once', async () => {
  const { process, clock } = started();
  const events: string[] = [];
  clock.after(5, () => events.push('once'));
  clock.every(5, () => events.push('again'));

  process.stop();
  await pass();
  expect(events).toEqual([]);
  process.goOn();

  expect(events.toSorted()).toEqual(['again', 'once']);
  await process.kill();
});

test('what is sent over a connection that is cut arrives when it is not any more, and an end is not heard of before', async () => {
  const { process, real, network } = started();
  const events: string[] = [];
  let accepted: Connection | undefined;
  const listener = await real.network.listen({ hosts: [host], port: 0 }, (connection) => {
    accepted = connection;
    connection.onData((bytes) => events.push(`there: ${bytes}`));
    connection.onEnd(() => events.push('end there'));
  });
  const connection = network.connect({ host, port: listener.port });
  connection.onData((bytes) => events.push(`here: ${bytes}`));
  connection.onClose(() => events.push('closed here'));
  connection.write([Buffer.from('one')]);
  while (events.length < 1) await pass(5);

  process.setCut(() => true);
  connection.write([Buffer.from('two')]);
  accepted!.write([Buffer.from('three')]);
  expect(connection.pendingBytes).toBe(3);
  await pass();
  expect(events).toEqual(['there: one']);
  process.setCut(undefined);
  while (events.length < 3) await pass(5);
  expect(events.toSorted()).toEqual(['here: three', 'there: one', 'there: two']);

  process.setCut(() => true);
  connection.destroy();
  while (!events.includes('closed here')) await pass(5);
  await pass();
  expect(events).not.toContain('end there');
  process.setCut(undefined);
  while (!events.includes('end there')) await pass(5);
  await process.kill();
  await listener.close();
});

test('who dials while all is cut waits, until its time is over', async () => {
  const { process, real, network, clock } = started();
  const listener = await real.network.listen({ hosts: [host], port: 0 }, () => {});
  process.setCut((dialled) => dialled !== undefined);

  const late = dialled(network.connect({ host, port: listener.port }, { timeoutMs: 20 }));
  const patient = dialled(network.connect({ host, port: listener.port }));

  expect(await late).toBe('ETIMEDOUT');
  await sleep(clock, 20);
  process.setCut(undefined);
  expect(await patient).toBe('connected');
  await process.kill();
  await listener.close();
});

test('who dials a port that is taken beforehand waits until somebody listens', async () => {
  const port = await ReservedPort.take(nodePlatform().network, { hosts: [host], port: 0 });
  const { process, real } = started(port);
  const peer = real.network.connect({ host, port: port.port });
  peer.write([Buffer.from('early')]);
  await pass();
  let heard = '';

  await process.platform.network.listen({ hosts: [host], port: port.port }, (connection) => {
    connection.onData((bytes) => {
      heard += bytes.toString();
    });
  });
  while (heard === '') await pass(5);

  expect(heard).toBe('early');
  peer.destroy();
  await process.kill();
});

/** What becomes of it: connected, or the code of the error. */
function dialled(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    connection.onConnect(() => {
      resolve('connected');
      connection.destroy();
    });
    connection.onClose((error) => resolve(error?.code ?? 'closed'));
  });
}
