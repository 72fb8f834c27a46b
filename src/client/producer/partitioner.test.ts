import { expect, test } from 'vitest';
import { Partitioner } from './partitioner.ts';

test('records without a key stay together until their batch is full', () => {
  const partitioner = new Partitioner(3, 5);

  expect([partitioner.partitionOf(null), partitioner.partitionOf(null)]).toEqual([2, 2]);
  partitioner.moveOn();
  expect(partitioner.partitionOf(null)).toBe(0);
});
