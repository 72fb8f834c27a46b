import { expect, test } from 'vitest';
import { ProducerIds } from './producer-ids.ts';

function blocks(...given: readonly { first: bigint; length: number }[]) {
  const left = [...given];
  let asked = 0;
  const ids = new ProducerIds(async () => {
    asked++;
    const block = left.shift();
    if (block === undefined) throw new Error('no controller');
    return block;
  });
  return { ids, asked: () => asked };
}

test('ids come from the block in order, and from the next when it is used up', async () => {
  const { ids, asked } = blocks({ first: 10n, length: 2 }, { first: 500n, length: 2 });

  expect([await ids.next(), await ids.next(), await ids.next()]).toEqual([10n, 11n, 500n]);
  expect(asked()).toBe(2);
});

test('many who ask at once share one request, and each gets its own id, also when one block is too short for all', async () => {
  const { ids, asked } = blocks({ first: 0n, length: 3 }, { first: 3n, length: 100 });

  const given = await Promise.all(Array.from({ length: 50 }, () => ids.next()));

  expect(new Set(given).size).toBe(50);
  expect(asked()).toBe(2);
});

test('without a controller all who wait are told to come again, and who comes again is served', async () => {
  let isUp = false;
  const ids = new ProducerIds(async () => {
    if (!isUp) throw new Error('no controller');
    return { first: 7n, length: 1 };
  });
  const waiting = await Promise.allSettled([ids.next(), ids.next()]);

  isUp = true;

  expect(waiting.map((outcome) => outcome.status === 'rejected' && outcome.reason.errorName)).toEqual(
    Array(2).fill('COORDINATOR_LOAD_IN_PROGRESS'),
  );
  expect(await ids.next()).toBe(7n);
});

test('a block that was given before is a broken promise, and none of its ids is given (I5)', async () => {
  const { ids } = blocks({ first: 10n, length: 1 }, { first: 10n, length: 5 });
  await ids.next();

  await expect(ids.next()).rejects.toThrow('a second time');
});
