import { expect, test } from 'vitest';
import type { Clock } from '#platform';
import { Trouble } from './trouble.ts';

test('trouble is told once, when it lasts, and so is its end', () => {
  let now = 0;
  const told: string[] = [];
  const trouble = new Trouble({ monotonic: () => now } as Clock, (line) => told.push(line), 'All is well again.');

  trouble.seen('It is down.');
  trouble.passed();
  now = 5_000;
  trouble.seen('It is down');
  expect(told).toEqual([]);
  now = 6_500;
  trouble.seen('It is down');
  trouble.seen('It is down');
  expect(told).toEqual(['It is down. Trying again until it works.']);
  trouble.passed();
  trouble.passed();

  expect(told).toEqual(['It is down. Trying again until it works.', 'All is well again.']);
});
