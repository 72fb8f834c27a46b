import { expect, test } from 'vitest';
import { silentLogger } from '#platform';
import { fenced, registered, TestBroker } from './testing.ts';
import { VanishedBrokers } from './vanished-brokers.ts';

test('a broker whose connection ends and at whose address nobody listens has vanished', async () => {
  const { broker, watch, vanished, hang } = await start();
  watch.heardOf({ brokerId: 2, brokerEpoch: 2n }, hang.connection);

  hang.up();
  await broker.pass(100);

  expect(vanished).toEqual([[2, 2n]]);
});

test('one that only dials anew, and still listens, has not', async () => {
  const { broker, watch, vanished, hang } = await start();
  await broker.done(broker.world.node('broker-2').platform.network.listen({ hosts: ['broker-2'], port: 9092 }, () => {}));
  watch.heardOf({ brokerId: 2, brokerEpoch: 2n }, hang.connection);

  hang.up();
  await broker.pass(2000);

  expect(vanished).toEqual([]);
});

test('one that is just dying, and is taken for listening once more, is looked at again', async () => {
  const { broker, watch, vanished, hang } = await start();
  const listener = await broker.done(broker.world.node('broker-2').platform.network.listen({ hosts: ['broker-2'], port: 9092 }, () => {}));
  watch.heardOf({ brokerId: 2, brokerEpoch: 2n }, hang.connection);

  hang.up();
  await broker.pass(20);
  await broker.done(listener.close());
  await broker.pass(100);

  expect(vanished).toEqual([[2, 2n]]);
});

test('one that cannot be reached at all is left to its session', async () => {
  const { broker, watch, vanished, hang } = await start();
  watch.heardOf({ brokerId: 2, brokerEpoch: 2n }, hang.connection);
  broker.world.network.isolate('broker-2');

  hang.up();
  await broker.pass(5000);

  expect(vanished).toEqual([]);
});

test.each([
  { brokerId: 2, brokerEpoch: 1n, because: 'the incarnation is over' },
  { brokerId: 3, brokerEpoch: 3n, because: 'it is out of service' },
  { brokerId: 1, brokerEpoch: 1n, because: 'it is this one' },
])('broker $brokerId of epoch $brokerEpoch is not looked after: $because', async ({ brokerId, brokerEpoch }) => {
  const { broker, watch, vanished, hang } = await start();
  watch.heardOf({ brokerId, brokerEpoch }, hang.connection);

  hang.up();
  await broker.pass(2000);

  expect(vanished).toEqual([]);
});

test('who becomes the controller looks at everybody in service', async () => {
  const { broker, watch, vanished } = await start();

  watch.lookAtAll();
  await broker.pass(100);

  expect(vanished).toEqual([[2, 2n]]);
});

test('who is not the controller leaves it to the one who is', async () => {
  const { broker, watch, vanished } = await start({ isActive: false });

  watch.lookAtAll();
  await broker.pass(100);

  expect(vanished).toEqual([]);
});

/** Broker 1 with broker 2 in service and 3 not. */
async function start({ isActive = true } = {}) {
  const broker = await TestBroker.start();
  broker.world.node('broker-2');
  broker.commit(registered(2), fenced(3));
  await broker.applied();
  const vanished: [number, bigint][] = [];
  const watch = new VanishedBrokers({
    nodeId: 1,
    network: broker.platform.network,
    clock: broker.platform.clock,
    log: silentLogger,
    image: () => broker.image,
    addressOf: (id) => ({ host: `broker-${id}`, port: 9092 }),
    controller: { isActive, brokerVanished: (id, epoch) => vanished.push([id, epoch]) },
  });
  const callbacks: (() => void)[] = [];
  const hang = {
    connection: { closed: false, onClose: (callback: () => void) => callbacks.push(callback) },
    up: () => {
      for (const callback of callbacks) callback();
    },
  };
  return { broker, watch, vanished, hang };
}
