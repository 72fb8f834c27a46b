import { expect, test } from 'vitest';
import { SimulatedWorld, silentLogger } from '#platform';
import { ReadinessWatch } from './readiness-watch.ts';

/** A broker whose readiness is what the test says. */
function watched() {
  const world = new SimulatedWorld({ seed: 1 });
  const lines: { fields: object; message: string }[] = [];
  const note = (fields: object, message: string) => void lines.push({ fields, message });
  const broker = { ready: false, why: 'two brokers are missing', trouble: undefined as string | undefined };
  const watch = new ReadinessWatch({
    clock: world.node('broker').platform.clock,
    log: { ...silentLogger, info: note, warn: note },
    readiness: () => broker,
    silentPeers: () => new Map([['b2:9092', 'ENOTFOUND']]),
    trouble: () => broker.trouble,
  });
  return { world, lines, broker, watch };
}

test('a broker that waits says what for, and who does not answer, and again once a minute', async () => {
  const { world, lines } = watched();
  await world.run({ forMs: 50_000 });
  expect(lines).toEqual([{ fields: { silentPeers: { 'b2:9092': 'ENOTFOUND' } }, message: 'not ready: two brokers are missing' }]);

  await world.run({ forMs: 60_000 });
  expect(lines).toHaveLength(2);
});

test('another reason is told at once, and so is the end of the waiting', async () => {
  const { world, lines, broker } = watched();
  await world.run({ forMs: 6_000 });
  broker.why = 'it catches up';
  await world.run({ forMs: 5_000 });
  broker.ready = true;
  await world.run({ forMs: 60_000 });

  expect(lines.map(({ message }) => message)).toEqual(['not ready: two brokers are missing', 'not ready: it catches up', 'ready']);
});

test('a moment without a controller is not worth a line', async () => {
  const { world, lines, broker } = watched();
  broker.ready = true;
  await world.run({ forMs: 9_000 });
  broker.ready = false;
  await world.run({ forMs: 2_000 });
  broker.ready = true;
  await world.run({ forMs: 60_000 });

  expect(lines).toEqual([]);
});

test('a broker that stopped says nothing', async () => {
  const { world, lines, watch } = watched();
  watch.stop();
  await world.run({ forMs: 60_000 });

  expect(lines).toEqual([]);
});

test('a broker that is ready says what the cluster lacks, when that lasts, and once a minute; and when it is over', async () => {
  const { world, lines, broker } = watched();
  broker.ready = true;
  broker.trouble = 'broker 2 is not in service';
  await world.run({ forMs: 5_500 });
  expect(lines).toEqual([]);
  await world.run({ forMs: 50_000 });
  broker.trouble = undefined;
  await world.run({ forMs: 10_000 });
  broker.trouble = 'for a moment';
  await world.run({ forMs: 5_000 });
  broker.trouble = undefined;
  await world.run({ forMs: 10_000 });

  expect(lines.map(({ message }) => message)).toEqual([
    'something is missing: broker 2 is not in service',
    'the cluster has all brokers and replicas again',
  ]);
});
