import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstIndexWhere } from './first-index.ts';

test('the first index is the one that a search from the front finds', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(60), (numbers, from) => {
      const rising = numbers.sort((a, b) => a - b);
      const found = rising.findIndex((number) => number >= from);

      expect(firstIndexWhere(rising.length, (index) => rising[index]! >= from)).toBe(found === -1 ? rising.length : found);
    }),
  );
});
