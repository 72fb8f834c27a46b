import { describe, expect, test } from 'vitest';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { TestBroker } from '../testing.ts';

const fresh = { transactionalId: null, transactionTimeoutMs: 60_000 };

describe('InitProducerId', () => {
  test.each([0, 1, 2, 3, 4, 5])('version %i gives another id each time, in epoch 0', async (version) => {
    const broker = await TestBroker.start();

    const first = await broker.ask(initProducerId, version, fresh);
    const second = await broker.ask(initProducerId, version, fresh);

    expect(first).toMatchObject({ errorCode: 'NONE', producerId: 1000n, producerEpoch: 0 });
    expect(second).toMatchObject({ errorCode: 'NONE', producerId: 1001n, producerEpoch: 0 });
  });

  test.each([
    { producerId: 1000n, producerEpoch: 3, because: 'it may be its own, and may be not' },
    { producerId: 987_654_321n, producerEpoch: 0, because: 'nobody was given that id' },
  ])('an id that the client names is never confirmed (I5): $because', async ({ producerId, producerEpoch }) => {
    const broker = await TestBroker.start();
    await broker.ask(initProducerId, 5, fresh);

    expect(await broker.ask(initProducerId, 5, { ...fresh, producerId, producerEpoch })).toMatchObject({
      errorCode: 'NONE',
      producerId: 1001n,
      producerEpoch: 0,
    });
  });

  test.each([
    { change: { producerId: 5n }, expected: 'INVALID_REQUEST', because: 'an id without an epoch' },
    { change: { producerEpoch: 5 }, expected: 'INVALID_REQUEST', because: 'an epoch without an id' },
    { change: { transactionalId: '' }, expected: 'INVALID_REQUEST', because: 'an empty transactional id' },
    { change: { transactionalId: 'tx' }, expected: 'COORDINATOR_NOT_AVAILABLE', because: 'the topic of the transactions is not there yet' },
  ])('is refused with $expected: $because', async ({ change, expected }) => {
    const broker = await TestBroker.start();

    expect(await broker.ask(initProducerId, 5, { ...fresh, ...change })).toMatchObject({
      errorCode: expected,
      producerId: -1n,
      producerEpoch: -1,
    });
  });

  test('while no controller gives ids the client is told to ask again', async () => {
    const broker = await TestBroker.start({
      allocate: async () => {
        throw new Error('no controller');
      },
    });

    expect((await broker.ask(initProducerId, 5, fresh)).errorCode).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(broker.lines).toEqual([]);
  });
});
