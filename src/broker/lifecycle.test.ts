import { describe, expect, test } from 'vitest';
import { NetworkError, SimulatedWorld, silentLogger } from '#platform';
import { KafkaError } from '#protocol';
import type { ControllerChannel } from './controller-channel.ts';
import { BrokerLifecycle } from './lifecycle.ts';

const heartbeatIntervalMs = 2000;

interface Beat {
  at: number;
  brokerEpoch: bigint;
  currentMetadataOffset: bigint;
  wantShutDown: boolean;
}

/** A controller that does what the test says. */
class World {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly registrations: { at: number; request: Record<string, unknown> }[] = [];
  readonly beats: Beat[] = [];
  readonly warnings: string[] = [];
  applied = 10n;
  clusterId: string | undefined = 'cluster';
  register: () => object | Error = () => ({ errorCode: 'NONE', brokerEpoch: BigInt(100 + this.registrations.length) });
  beat: (beat: Beat) => object | Error | Promise<object> = (beat) => ({
    errorCode: 'NONE',
    isCaughtUp: true,
    isFenced: beat.currentMetadataOffset < 10n,
    shouldShutDown: beat.wantShutDown,
  });
  readonly lifecycle: BrokerLifecycle;

  constructor() {
    const channel = {
      send: async ({ name }: { name: string }, request: Record<string, unknown>) => {
        const at = this.world.nowMs;
        let answer: object | Error;
        if (name === 'BrokerRegistration') {
          this.registrations.push({ at, request });
          answer = this.register();
        } else {
          const beat = { at, ...request } as unknown as Beat;
          this.beats.push(beat);
          answer = await this.beat(beat);
        }
        if (answer instanceof Error) throw answer;
        return answer;
      },
    } as unknown as ControllerChannel;
    this.lifecycle = new BrokerLifecycle({
      nodeId: 1,
      incarnationId: 'aW5jYXJuYXRpb24taW5jYQ',
      directoryId: 'ZGlyZWN0b3J5LWRpcmVjdA',
      clusterId: () => this.clusterId,
      endpoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 8080 }],
      rack: 'a',
      features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 33 }],
      previousBrokerEpoch: 42n,
      heartbeatIntervalMs,
      sessionTimeoutMs: 9000,
      channel,
      clock: this.world.node('broker').platform.clock,
      log: { ...silentLogger, warn: (_fields: object, message: string) => void this.warnings.push(message) },
      appliedOffset: () => this.applied,
    });
  }

  static async running(): Promise<World> {
    const world = new World();
    world.lifecycle.start();
    await world.world.finish(world.lifecycle.whenRunning());
    return world;
  }

  pass(ms: number) {
    return this.world.run({ forMs: ms });
  }
}

describe('a broker that starts', () => {
  test('registers, then reports until the controller lets it serve', async () => {
    const world = new World();
    world.applied = 3n;
    world.lifecycle.start();
    await world.pass(10);

    expect(world.registrations[0]!.request).toMatchObject({
      brokerId: 1,
      clusterId: 'cluster',
      rack: 'a',
      listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 8080, securityProtocol: 0 }],
      logDirs: ['ZGlyZWN0b3J5LWRpcmVjdA'],
      previousBrokerEpoch: 42n,
    });
    expect([world.lifecycle.brokerEpoch, world.lifecycle.isRunning, world.beats[0]]).toMatchObject([
      101n,
      false,
      { brokerEpoch: 101n, currentMetadataOffset: 3n },
    ]);

    world.applied = 10n;
    world.lifecycle.reportProgress();
    await world.pass(10);
    expect(world.lifecycle.isRunning).toBe(true);
    await world.world.finish(world.lifecycle.whenRunning());
  });

  test('waits for the cluster to be formed, and registers as soon as it is, however long that took', async () => {
    const world = new World();
    world.clusterId = undefined;
    world.lifecycle.start();
    await world.pass(5000);
    expect(world.registrations).toEqual([]);

    world.clusterId = 'cluster';
    await world.pass(100);
    expect(world.lifecycle.isRunning).toBe(true);
  });

  test.each([
    { answer: () => ({ errorCode: 'DUPLICATE_BROKER_REGISTRATION', brokerEpoch: -1n }), what: 'refuses it' },
    { answer: () => new NetworkError('ETIMEDOUT', 'late'), what: 'does not answer' },
    { answer: () => new KafkaError('NOT_CONTROLLER'), what: 'is not found' },
  ])('asks again, less and less often, while the controller $what', async ({ answer }) => {
    const world = new World();
    const good = world.register;
    world.register = answer;
    world.lifecycle.start();
    await world.pass(20_000);

    const pauses = world.registrations.map(({ at }, i) => at - (world.registrations[i - 1]?.at ?? 0)).slice(1);
    expect(pauses[0]).toBeLessThanOrEqual(60);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(heartbeatIntervalMs);
    expect(pauses.at(-1)).toBeGreaterThan(1000);
    expect(world.lifecycle.isRunning).toBe(false);

    world.register = good;
    await world.pass(heartbeatIntervalMs + 10);
    expect(world.lifecycle.isRunning).toBe(true);
  });

  test('says once, and then once a minute, that another broker has its id', async () => {
    const world = new World();
    world.register = () => ({ errorCode: 'DUPLICATE_BROKER_REGISTRATION', brokerEpoch: -1n });
    world.lifecycle.start();
    await world.pass(30_000);

    expect(world.lifecycle.whyNotRunning).toContain('another broker with the id 1');
    expect(world.warnings).toEqual([expect.stringContaining('another broker with the id 1')]);
    await world.pass(60_000);
    expect(world.warnings).toHaveLength(2);
  });
});

describe('a broker in service', () => {
  test('reports at its interval', async () => {
    const world = await World.running();
    const before = world.beats.length;

    await world.pass(10 * heartbeatIntervalMs + 10);

    expect(world.beats.length - before).toBe(10);
  });

  test('reports at once that it has applied metadata: answers may wait for that', async () => {
    const world = await World.running();
    const before = world.world.nowMs;

    world.applied = 77n;
    world.lifecycle.reportProgress();
    await world.pass(5);

    expect(world.beats.at(-1)).toMatchObject({ currentMetadataOffset: 77n });
    expect(world.beats.at(-1)!.at - before).toBeLessThanOrEqual(1);
  });

  test('reports again right after a report that was on its way when more was applied', async () => {
    const world = await World.running();
    const { promise, resolve } = Promise.withResolvers<object>();
    const good = world.beat;
    world.beat = () => promise;
    world.lifecycle.reportProgress();
    await world.pass(5);
    world.beat = good;
    world.applied = 88n;
    world.lifecycle.reportProgress();
    const before = world.beats.length;
    await world.pass(50);
    expect(world.beats).toHaveLength(before);

    resolve({ errorCode: 'NONE', isCaughtUp: true, isFenced: false, shouldShutDown: false });
    await world.pass(5);

    expect(world.beats.at(-1)).toMatchObject({ currentMetadataOffset: 88n });
  });

  test('that was fenced is not in service until it is let in again', async () => {
    const world = await World.running();
    const good = world.beat;
    world.beat = () => ({ errorCode: 'NONE', isCaughtUp: true, isFenced: true, shouldShutDown: false });
    await world.pass(heartbeatIntervalMs + 10);
    expect(world.lifecycle.isRunning).toBe(false);

    world.beat = good;
    await world.pass(heartbeatIntervalMs + 10);
    expect(world.lifecycle.isRunning).toBe(true);
  });

  test.each(['STALE_BROKER_EPOCH', 'BROKER_ID_NOT_REGISTERED'])('that is answered %s registers again', async (errorCode) => {
    const world = await World.running();
    const good = world.beat;
    world.beat = (beat) =>
      beat.brokerEpoch === 101n ? { errorCode, isCaughtUp: false, isFenced: true, shouldShutDown: false } : good(beat);

    await world.pass(heartbeatIntervalMs + 100);

    expect([world.registrations.length, world.lifecycle.brokerEpoch, world.lifecycle.isRunning]).toEqual([2, 102n, true]);
  });

  test('that a controller never recognises does not ask without a pause', async () => {
    const world = await World.running();
    world.beat = () => ({ errorCode: 'STALE_BROKER_EPOCH', isCaughtUp: false, isFenced: true, shouldShutDown: false });

    await world.pass(heartbeatIntervalMs + 1000);

    expect(world.registrations.length).toBeLessThan(25);
  });

  test('is in touch for less than its session after a report that was answered, counted from when that was sent', async () => {
    const world = await World.running();
    expect(world.lifecycle.isInTouch).toBe(true);
    const { at } = world.beats.at(-1)!;
    world.beat = () => new NetworkError('ETIMEDOUT', 'no answer');

    await world.pass(at + 8_000 - world.world.nowMs);
    expect([world.lifecycle.isInTouch, world.lifecycle.isRunning]).toEqual([true, true]);
    await world.pass(900);
    expect([world.lifecycle.isInTouch, world.lifecycle.isRunning]).toEqual([false, true]);
  });

  test('is not in touch while an answer says that it is fenced, though others may not know yet', async () => {
    const world = await World.running();
    world.beat = () => ({ errorCode: 'NONE', isCaughtUp: true, isFenced: true, shouldShutDown: false });
    await world.pass(heartbeatIntervalMs + 10);

    expect(world.lifecycle.isInTouch).toBe(false);
  });

  test('goes on through a controller that does not answer', async () => {
    const world = await World.running();
    const good = world.beat;
    world.beat = () => new NetworkError('ECONNRESET', 'gone');
    await world.pass(10_000);
    world.beat = good;
    await world.pass(heartbeatIntervalMs + 10);

    expect([world.lifecycle.isRunning, world.registrations.length]).toEqual([true, 1]);
  });
});

describe('a broker that is to stop', () => {
  test('asks for leave to go, and goes when it has it', async () => {
    const world = await World.running();
    const before = world.world.nowMs;

    await world.world.finish(world.lifecycle.shutDown(5000));

    expect(world.beats.at(-1)).toMatchObject({ wantShutDown: true });
    expect(world.world.nowMs - before).toBeLessThan(50);
    expect(world.lifecycle.isRunning).toBe(false);
  });

  test('asks often while its partitions are handed over', async () => {
    const world = await World.running();
    const before = world.world.nowMs;
    world.beat = (beat) => ({
      errorCode: 'NONE',
      isCaughtUp: true,
      isFenced: false,
      shouldShutDown: world.world.nowMs - before > 300 && beat.wantShutDown,
    });

    await world.world.finish(world.lifecycle.shutDown(5000));

    expect(world.world.nowMs - before).toBeLessThan(400);
  });

  test('asks at once although an ordinary report was on its way', async () => {
    const world = await World.running();
    const good = world.beat;
    const { promise, resolve } = Promise.withResolvers<object>();
    world.beat = () => promise;
    world.lifecycle.reportProgress();
    await world.pass(5);
    world.beat = good;

    const stopping = world.lifecycle.shutDown(5000);
    const before = world.world.nowMs;
    resolve({ errorCode: 'NONE', isCaughtUp: true, isFenced: false, shouldShutDown: false });
    await world.world.finish(stopping);

    expect(world.world.nowMs - before).toBeLessThan(50);
  });

  test.each([
    { answer: () => new NetworkError('ETIMEDOUT', 'late'), atMost: 5000, what: 'does not answer' },
    {
      answer: () => ({ errorCode: 'NONE', isCaughtUp: true, isFenced: false, shouldShutDown: false }),
      atMost: 5000,
      what: 'never lets it',
    },
    {
      answer: () => ({ errorCode: 'STALE_BROKER_EPOCH', isCaughtUp: false, isFenced: true, shouldShutDown: false }),
      atMost: 50,
      what: 'does not know it',
    },
  ])('goes all the same when the controller $what, and asks no more', async ({ answer, atMost }) => {
    const world = await World.running();
    world.beat = answer;
    const before = world.world.nowMs;

    await world.world.finish(world.lifecycle.shutDown(5000));
    expect(world.world.nowMs - before).toBeLessThanOrEqual(atMost);

    const { length } = world.beats;
    await world.pass(60_000);
    expect(world.beats).toHaveLength(length);
  });

  test('before it has registered just goes', async () => {
    const world = new World();

    await world.world.finish(world.lifecycle.shutDown(5000));
    await world.pass(10_000);

    expect([world.registrations, world.beats]).toEqual([[], []]);
  });
});
