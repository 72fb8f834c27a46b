import { describe, expect, test } from 'vitest';
import { type Address, NetworkError } from '#platform';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { produce } from '#protocol/apis/produce.ts';
import type { BrokerClient } from '#transport';
import { clusterHealth } from './cluster-health.ts';
import type { ControllerChannel } from './controller-channel.ts';
import { LocalRouter } from './request-router.ts';
import { batchOf, ordersId, TestBroker } from './testing.ts';

async function start(options: { isController?: boolean; failure?: NetworkError } = {}) {
  const broker = await TestBroker.start({
    controller: {
      isActive: options.isController ?? false,
      createTopics: async () => ({ throttleTimeMs: 0, topics: [{ name: 'orders', errorCode: 'NONE', errorMessage: null }] }),
    },
  });
  const sent: { to: string; api: string }[] = [];
  let refusal: ((response: object) => string) | undefined;
  const client = {
    send: async (to: Address, { name }: { name: string }) => {
      sent.push({ to: `${to.host}:${to.port}`, api: name });
      if (options.failure !== undefined) throw options.failure;
      return { of: name };
    },
  };
  const channel = {
    send: async ({ name }: { name: string }, _: unknown, given: { refusal: (response: object) => string }) => {
      sent.push({ to: 'controller', api: name });
      refusal = given.refusal;
      return { of: name };
    },
  };
  const router = new LocalRouter({
    nodeId: 1,
    clusterId: () => 'cluster',
    image: () => broker.image,
    dispatcher: broker.dispatcher,
    client: client as unknown as BrokerClient,
    channel: channel as unknown as ControllerChannel,
    isController: () => options.isController ?? false,
    addressOf: broker.services.addressOf,
    readiness: () => ({ ready: true, why: 'ready' }),
    whenReady: async () => true,
    isInTouch: () => true,
    hasController: () => true,
    health: () => clusterHealth(broker.image, () => 1, undefined),
    minInsyncReplicas: () => 1,
  });
  return { broker, router, sent, refusalOf: (response: object) => refusal!(response) };
}

const orders = { topics: [{ name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }], timeoutMs: 1000 };

describe('a request from inside', () => {
  test.each([undefined, 'local', 1] as const)('to %s runs here, and its answer has every field', async (to) => {
    const { router, sent } = await start();

    const answer = await router.send(metadata, { topics: null }, to);

    expect(answer.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
    expect([answer.errorCode, answer.throttleTimeMs, sent]).toEqual(['NONE', 0, []]);
  });

  test('to another broker goes there, once', async () => {
    const { router, sent } = await start();

    await router.send(metadata, { topics: null }, 2);

    expect(sent).toEqual([{ to: 'localhost:8081', api: 'Metadata' }]);
  });

  test('that another broker did not answer is not sent again: what became of it is for the caller to find out (H2)', async () => {
    const { router, sent } = await start({ failure: new NetworkError('ECONNRESET', 'the connection broke') });

    const noAnswer = router.send(produce, { acks: -1, timeoutMs: 1000, topicData: [] }, 2);

    await expect(noAnswer).rejects.toMatchObject({ name: 'NetworkError', code: 'ECONNRESET' });
    expect(sent).toEqual([{ to: 'localhost:8081', api: 'Produce' }]);
  });

  test('to a broker that nobody has registered goes nowhere (H2)', async () => {
    const { router, sent } = await start();

    await expect(router.send(metadata, { topics: null }, 77)).rejects.toMatchObject({ errorName: 'BROKER_NOT_AVAILABLE' });
    expect(sent).toEqual([]);
  });

  test.each([
    { isController: true, expected: [] },
    { isController: false, expected: [{ to: 'controller', api: 'CreateTopics' }] },
  ])('to the controller, while that is this broker: $isController', async ({ isController, expected }) => {
    const { router, sent } = await start({ isController });

    await router.send(createTopics, orders, 'controller');

    expect(sent).toEqual(expected);
  });

  test.each([
    { response: { errorCode: 'NOT_CONTROLLER' }, expected: 'NOT_CONTROLLER' },
    { response: { topics: [{ errorCode: 'NOT_CONTROLLER' }] }, expected: 'NOT_CONTROLLER' },
    { response: { topics: [{ errorCode: 'NOT_CONTROLLER' }, { errorCode: 'NONE' }] }, expected: 'NONE' },
    { response: { topics: [] }, expected: 'NONE' },
  ])('is sent again to another controller only when $response says $expected', async ({ response, expected }) => {
    const { router, refusalOf } = await start();
    await router.send(createTopics, orders, 'controller');

    expect(refusalOf(response)).toBe(expected);
  });

  test('gives errors of partitions in the answer', async () => {
    const { broker, router } = await start();
    await broker.topic('orders', ordersId, [2]);
    const topicData = [{ topicId: ordersId, partitionData: [{ index: 0, records: batchOf(['a']) }] }];

    const answer = await router.send(produce, { acks: -1, timeoutMs: 1000, topicData }, 'local');

    expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  test('that has no answer, as when an invariant broke, has an unknown outcome like a connection that broke (H1)', async () => {
    const { router } = await start();

    const noAnswer = router.send(produce, { acks: 0, timeoutMs: 1000, topicData: [] }, 'local');

    await expect(noAnswer).rejects.toMatchObject({ name: 'NetworkError', code: 'ECONNABORTED' });
  });
});
