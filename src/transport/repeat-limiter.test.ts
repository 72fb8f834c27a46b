import { expect, test } from 'vitest';
import { RepeatLimiter } from './repeat-limiter.ts';

test('one line per key and interval is admitted, and the next one knows how many were held back', () => {
  const limiter = new RepeatLimiter({ intervalMs: 10, maxKeys: 5 });

  const admitted = [0, 3, 9, 10, 11, 25].map((now) => limiter.admit('a', now));

  expect(admitted).toEqual([0, undefined, undefined, 2, undefined, 1]);
  expect(limiter.admit('b', 11)).toBe(0);
});

test('it remembers no more keys than it may', () => {
  const limiter = new RepeatLimiter({ intervalMs: 10, maxKeys: 2 });

  for (const key of ['a', 'b', 'c']) limiter.admit(key, 0);

  expect(limiter.admit('c', 1)).toBeUndefined();
  expect(limiter.admit('a', 1)).toBe(0);
});
