import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForgottenDeletions } from './forgotten-deletions.ts';

test('tells the last time when something from an offset on went, as a list of all times would', () => {
  fc.assert(
    fc.property(fc.nat({ max: 20 }), fc.array(fc.integer({ min: 1, max: 20 })), fc.nat({ max: 20 }), (known, times, offset) => {
      const forgotten = new ForgottenDeletions(BigInt(known));
      for (const before of times) forgotten.add(BigInt(before));
      const all = known > 0 ? [known, ...times] : times;

      expect(forgotten.lastFrom(BigInt(offset))).toBe(all.findLastIndex((before) => before > offset) + 1);
      expect(forgotten.before).toBe(BigInt(Math.max(0, ...all)));
    }),
  );
});
