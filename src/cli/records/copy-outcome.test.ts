import { expect, test } from 'vitest';
import { remarkOn } from './copy-outcome.ts';

test.each([
  [{ written: 5, left: 0, isContinued: false }, ''],
  [{ written: 0, left: 0, isContinued: false }, ': there are none'],
  [{ written: 5, left: 0, isContinued: true }, ', after those of an earlier run'],
  [{ written: 0, left: 0, isContinued: true }, ': all that there are were copied by an earlier run'],
  [{ written: 5, left: 1, isContinued: true }, ' (1 offset left: the same command goes on there)'],
])('a copy that ends with %o says "%s"', (outcome, remark) => {
  expect(remarkOn(outcome)).toBe(remark);
});
