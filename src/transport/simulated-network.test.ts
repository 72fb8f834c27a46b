import { expect, test } from 'vitest';
import { NetworkError, SimulatedWorld, sleep } from '#platform';
import { decodeRequest, decodeRequestHeader, encodeResponse } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { BrokerClient } from './broker-client.ts';
import { type ClientConnection, KafkaServer } from './index.ts';

const seeds = Array.from({ length: 30 }, (_, seed) => seed);
const address = { host: 'broker', port: 9092 };

test.each(
  seeds,
)('seed %i: through stalls, resets, cuts and restarts every request is answered as its own or rejected, and runs at most once', async (seed) => {
  const { answers, handled, outcomes } = await play(seed, { isCalm: false });

  expect(outcomes.answered + outcomes.notSent + outcomes.unknown).toBe(300);
  expect(outcomes.answered).toBeGreaterThan(0);
  for (const [id, answer] of answers) expect(answer).toBe(id);
  const ids = handled.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of answers.keys()) expect(ids).toContain(id);
  for (const id of outcomes.notSentIds) expect(ids).not.toContain(id);
  // What a cut connection still delivers may come after requests of the one that replaced it: the order holds on each of them.
  for (const port of new Set(handled.map(({ callerPort }) => callerPort))) {
    const onOne = handled.filter(({ callerPort }) => callerPort === port).map(({ id }) => id);
    expect(onOne).toEqual(onOne.toSorted((left, right) => left - right));
  }
});

test('on a calm network everything is answered', async () => {
  expect((await play(1, { isCalm: true })).outcomes).toMatchObject({ answered: 300, notSent: 0, unknown: 0 });
});

test('one seed gives one course of events', async () => {
  const [first, second, other] = [await play(5, { isCalm: false }), await play(5, { isCalm: false }), await play(6, { isCalm: false })];

  expect(second).toEqual(first);
  expect(other.digest).not.toBe(first.digest);
});

test('an idle client and server cause about one event a second', async () => {
  const world = new SimulatedWorld({ seed: 1 });
  await listen(world, []);
  const { clock, log, network } = world.node('client').platform;
  const client = new BrokerClient({ network, clock, log, clientId: 'tests' });
  await world.finish(client.send(address, heartbeat, { groupId: 'g', generationId: 1, memberId: 'm' }));
  const before = world.eventCount;

  await world.run({ forMs: 600_000 });

  expect(world.eventCount - before).toBeLessThan(650);
});

test('a server that lost its power is noticed by the time limit of a request, and found again when it is back', async () => {
  const world = new SimulatedWorld({ seed: 2 });
  await listen(world, []);
  const { clock, log, network } = world.node('client').platform;
  const client = new BrokerClient({ network, clock, log, clientId: 'tests', requestTimeoutMs: 2_000 });
  const beat = (): Promise<unknown> => client.send(address, heartbeat, { groupId: 'g', generationId: 1, memberId: 'm' });
  await world.finish(beat());

  world.node('broker').cutPower('strict');
  const began = world.nowMs;
  await expect(world.finish(beat())).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  expect(world.nowMs - began).toBeLessThan(2_050);
  await listen(world, []);

  expect(await world.finish(beat())).toMatchObject({ throttleTimeMs: 1 });
});

interface Handled {
  id: number;
  callerPort: number;
}

/** 300 requests, with faults unless it is calm. The same seed plays the same. */
async function play(seed: number, { isCalm }: { isCalm: boolean }) {
  const world = new SimulatedWorld({ seed });
  const random = world.random.fork('script');
  const handled: Handled[] = [];
  await listen(world, handled);
  if (!isCalm) world.network.setConditions({ lossProbability: 0.02, splitProbability: 0.5, resetProbability: 0.005, meanExtraDelayMs: 5 });

  const { clock, log, network, random: clientRandom } = world.node('client').platform;
  const client = new BrokerClient({ network, clock, log, clientId: 'tests', requestTimeoutMs: 3_000, random: clientRandom });
  const answers = new Map<number, number>();
  const outcomes = { answered: 0, notSent: 0, unknown: 0, notSentIds: [] as number[] };
  const sendAll = async (): Promise<void> => {
    const pending: Promise<void>[] = [];
    for (let id = 1; id <= 300; id++) {
      const answer = client.send(address, heartbeat, { groupId: 'g', generationId: id, memberId: 'x'.repeat(random.below(3000)) });
      pending.push(
        answer.then(
          (response) => {
            answers.set(id, response.throttleTimeMs);
            outcomes.answered += 1;
          },
          (error) => {
            if (!(error instanceof NetworkError)) throw error;
            if (error.code === 'ECONNREFUSED') {
              outcomes.notSent += 1;
              outcomes.notSentIds.push(id);
            } else outcomes.unknown += 1;
          },
        ),
      );
      if (random.below(4) === 0) await sleep(clock, random.below(200));
    }
    await Promise.all(pending);
  };
  if (!isCalm) {
    world.after(1_000 + random.below(3_000), () => world.network.cut('client', 'broker', 'one-way'));
    world.after(5_000 + random.below(1_000), () => world.network.healAll());
    world.after(random.below(8_000), () => world.network.reset('client', 'broker'));
    world.after(4_000 + random.below(4_000), () => {
      world.node('broker').kill();
      void listen(world, handled);
    });
  }
  await world.finish(sendAll(), 600_000);
  return { answers, handled, outcomes, digest: world.digest };
}

/** A broker that answers each Heartbeat with its generation id, after a while. */
async function listen(world: SimulatedWorld, handled: Handled[]): Promise<void> {
  const { clock, log, network, random } = world.node('broker').platform;
  const onRequest = async (frame: Buffer, connection: ClientConnection): Promise<Buffer[]> => {
    connection.trusted = true;
    const { apiKey, apiVersion, correlationId, bodyOffset } = decodeRequestHeader(frame);
    if (apiKey === apiVersions.key) {
      const apiKeys = [{ apiKey: heartbeat.key, minVersion: 0, maxVersion: 4 }];
      return encodeResponse(apiVersions, apiVersion, correlationId, { errorCode: 'NONE', apiKeys });
    }
    const { generationId } = decodeRequest(heartbeat, apiVersion, frame, bodyOffset);
    handled.push({ id: generationId, callerPort: connection.remote.port });
    if (random.below(3) > 0) await sleep(clock, random.below(20));
    return encodeResponse(heartbeat, apiVersion, correlationId, { errorCode: 'NONE', throttleTimeMs: generationId });
  };
  await KafkaServer.listen({ network, clock, log, hosts: ['0.0.0.0'], port: 9092, onRequest });
}
