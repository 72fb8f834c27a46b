import { describe, expect, test } from 'vitest';
import { type Address, NetworkError, SimulatedWorld } from '#platform';
import { allocateProducerIds } from '#protocol/apis/allocate-producer-ids.ts';
import type { BrokerClient } from '#transport';
import { ControllerChannel } from './controller-channel.ts';

const first: Address = { host: 'first', port: 1 };
const second: Address = { host: 'second', port: 2 };
const granted = { throttleTimeMs: 0, errorCode: 'NONE', producerIdStart: 5n, producerIdLen: 1 } as const;
const refused = { ...granted, errorCode: 'NOT_CONTROLLER' } as const;

/** Answers the requests one after another; the last answer is given again and again. */
function start(answers: readonly (object | Error)[], where: () => Address | undefined = () => first) {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock } = world.node('broker').platform;
  const sent: { to: string; timeoutMs: number; at: number }[] = [];
  const client = {
    send: async (to: Address, _api: unknown, _request: unknown, options: { timeoutMs: number }) => {
      sent.push({ to: to.host, timeoutMs: options.timeoutMs, at: world.nowMs });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as BrokerClient;
  const channel = new ControllerChannel({ client, clock, finder: { controllerAddress: where } });
  const ask = (timeoutMs: number) =>
    world.finish(channel.send(allocateProducerIds, { brokerId: 1, brokerEpoch: 1n }, { timeoutMs, refusal: (answer) => answer.errorCode }));
  return { world, sent, ask, channel };
}

describe('a request to the controller', () => {
  test('goes to whom this broker takes for it, once', async () => {
    const { sent, ask } = start([granted]);

    expect(await ask(1000)).toEqual(granted);
    expect(sent).toEqual([{ to: 'first', timeoutMs: 1000, at: 0 }]);
  });

  test('goes to the next one when the first says that it is not the controller', async () => {
    let known = first;
    const { sent, ask } = start([refused, refused, granted], () => {
      const now = known;
      known = second;
      return now;
    });

    expect(await ask(1000)).toEqual(granted);
    expect(sent.map(({ to }) => to)).toEqual(['first', 'second', 'second']);
  });

  test('waits for a controller to be elected', async () => {
    const { world, sent, ask } = start([granted], () => (world.nowMs < 500 ? undefined : first));

    expect(await ask(1000)).toEqual(granted);
    expect(sent[0]!.at).toBeGreaterThanOrEqual(500);
    expect(sent[0]!.timeoutMs).toBeLessThanOrEqual(500);
  });

  test('gives up sooner when it may not look for long, but waits for the answer of who is there', async () => {
    const { world, channel } = start([granted], () => undefined);
    const looking = channel.send(allocateProducerIds, { brokerId: 1, brokerEpoch: 1n }, { timeoutMs: 30_000, findTimeoutMs: 500 });
    await expect(world.finish(looking)).rejects.toMatchObject({ errorName: 'NOT_CONTROLLER' });
    expect(world.nowMs).toBeLessThanOrEqual(500);

    const there = start([granted]);
    await there.world.finish(
      there.channel.send(allocateProducerIds, { brokerId: 1, brokerEpoch: 1n }, { timeoutMs: 30_000, findTimeoutMs: 500 }),
    );
    expect(there.sent).toEqual([{ to: 'first', timeoutMs: 30_000, at: 0 }]);
  });

  test('is sent again when it was certainly not received', async () => {
    const { ask, sent } = start([new NetworkError('ECONNREFUSED', 'no'), granted]);

    expect(await ask(1000)).toEqual(granted);
    expect(sent).toHaveLength(2);
  });

  test.each(['ECONNRESET', 'ETIMEDOUT'])('is not sent again after %s: it may have been carried out', async (code) => {
    const { ask, sent } = start([new NetworkError(code, 'lost'), granted]);

    await expect(ask(1000)).rejects.toMatchObject({ code });
    expect(sent).toHaveLength(1);
  });

  test.each([
    { what: 'nobody is known', answers: [granted], where: (): Address | undefined => undefined },
    { what: 'nobody admits to be it', answers: [refused], where: () => first },
    { what: 'it cannot be reached', answers: [new NetworkError('ECONNREFUSED', 'no')], where: () => first },
  ])('gives up at its deadline, with a reason, while $what', async ({ answers, where }) => {
    const { world, ask } = start(answers, where);

    await expect(ask(1000)).rejects.toMatchObject({ errorName: 'NOT_CONTROLLER', message: expect.stringContaining('majority') });
    expect(world.nowMs).toBeLessThanOrEqual(1000);
  });
});
