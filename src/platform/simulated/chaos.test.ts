import { expect, test } from 'vitest';
import type { Connection } from '../index.ts';
import { SimulatedWorld } from './world.ts';

/** What one end of a connection has sent and seen. */
interface End {
  sent: number;
  received: number;
  closed: number;
  connection: Connection;
}

const hosts = ['a', 'b', 'c'];

/** Byte number `index` of every stream: what is missing, doubled or out of order shows. */
const byteAt = (index: number): number => (index * 31 + (index >> 8)) & 0xff;

test('whatever happens to hosts and links, a stream is a prefix of what was sent, and each end closes at most once', async () => {
  let closed = 0;
  let bytes = 0;
  for (let seed = 0; seed < 60; seed++) {
    const { pairs } = await chaos(seed);
    for (const { dialled, accepted } of pairs) {
      expect(accepted?.received ?? 0).toBeLessThanOrEqual(dialled.sent);
      expect(dialled.received).toBeLessThanOrEqual(accepted?.sent ?? 0);
      for (const end of [dialled, accepted]) expect(end?.closed ?? 0).toBeLessThanOrEqual(1);
      closed += dialled.closed;
      bytes += dialled.received;
    }
  }
  expect(closed).toBeGreaterThan(100);
  expect(bytes).toBeGreaterThan(1_000_000);
});

test('a history full of faults repeats under its seed', async () => {
  for (const seed of [3, 4]) {
    const [first, again] = [await chaos(seed), await chaos(seed)];
    expect(again.digest).toBe(first.digest);
    expect(again.pairs.map(({ dialled }) => [dialled.sent, dialled.received])).toEqual(
      first.pairs.map(({ dialled }) => [dialled.sent, dialled.received]),
    );
  }
});

test('when all faults are over, connections between running processes carry everything', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const { world, pairs } = await chaos(seed, { fatal: false });
    world.network.healAll();
    world.network.setConditions({ lossProbability: 0, resetProbability: 0 });
    for (const name of hosts) world.node(name).resume();
    await world.run({ forMs: 60_000 });
    const whole = pairs.filter(({ dialled, accepted }) => dialled.closed === 0 && accepted?.closed === 0);
    expect(whole.length).toBeGreaterThan(0);
    for (const { dialled, accepted } of whole) {
      expect(accepted!.received).toBe(dialled.sent);
      expect(dialled.received).toBe(accepted!.sent);
      expect(dialled.connection.pendingBytes + accepted!.connection.pendingBytes).toBe(0);
    }
  }
});

/** Three hosts that all talk to each other for a while in bad conditions; with `fatal`, processes and connections die as well. */
async function chaos(seed: number, { fatal } = { fatal: true }) {
  const world = new SimulatedWorld({ seed });
  const random = world.random.fork('chaos');
  const pairs: { dialled: End; accepted: End | undefined }[] = [];
  world.network.setConditions({ lossProbability: 0.02, splitProbability: 0.3, meanExtraDelayMs: 3, resetProbability: fatal ? 0.002 : 0 });
  const byPort = new Map<string, (typeof pairs)[number]>();
  const start = async (name: string): Promise<void> => {
    await world.node(name).platform.network.listen({ hosts: [name], port: 9092 }, (connection) => {
      const pair = byPort.get(`${connection.remote.host}:${connection.remote.port}`)!;
      pair.accepted = watch(connection);
    });
  };
  const dial = (from: string, to: string): void => {
    const connection = world.node(from).platform.network.connect({ host: to, port: 9092 }, { timeoutMs: 10_000 });
    const pair = { dialled: watch(connection), accepted: undefined };
    byPort.set(`${from}:${connection.local.port}`, pair);
    pairs.push(pair);
  };
  for (const name of hosts) await start(name);
  for (const from of hosts) for (const to of hosts) dial(from, to);

  for (let step = 0; step < 150; step++) {
    await world.run({ forMs: random.below(100) });
    const [one, other] = [hosts[random.below(3)]!, hosts[random.below(3)]!];
    const { dialled, accepted } = pairs[random.below(pairs.length)]!;
    const action = random.below(fatal ? 16 : 11);
    if (action < 4) send(dialled, random.below(30_000));
    else if (action < 7 && accepted) send(accepted, random.below(30_000));
    else if (action === 7) world.network.cut(one, other, random.chance(0.5) ? 'both' : 'one-way');
    else if (action === 8) world.network.healAll();
    else if (action === 9) world.node(one).pause();
    else if (action === 10) for (const name of hosts) world.node(name).resume();
    else if (action === 11) world.network.reset(one, other);
    else if (action === 12) dialled.connection.end();
    else if (action === 13) dialled.connection.destroy();
    else if (action === 14) {
      if (random.chance(0.5)) world.node(one).kill();
      else world.node(one).cutPower('hostile');
      await start(one);
    } else dial(one, other);
  }
  return { world, pairs, digest: world.digest };
}

function watch(connection: Connection): End {
  const end: End = { sent: 0, received: 0, closed: 0, connection };
  connection.onData((bytes) => {
    expect(end.closed).toBe(0);
    for (const byte of bytes) if (byte !== byteAt(end.received++)) throw new Error(`byte ${end.received - 1} is not the one that was sent`);
  });
  connection.onClose(() => end.closed++);
  return end;
}

function send(end: End, count: number): void {
  if (end.closed > 0) return;
  end.connection.write([Buffer.from({ length: count } as ArrayLike<number>).map((_, index) => byteAt(end.sent + index))]);
  end.sent += count;
}
