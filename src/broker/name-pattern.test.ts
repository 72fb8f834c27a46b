import { expect, test } from 'vitest';
import { compileNamePattern } from './name-pattern.ts';

test.each([
  ['orders', 'orders', true],
  ['orders', 'orders-old', false],
  ['orders.*', 'orders-old', true],
  ['old', 'orders-old', false],
  ['a|ab', 'ab', true],
  ['(?i)ORDERS', 'orders', true],
  ['\\w+-[0-9]{2}', 'orders-17', true],
  ['\\pL+', 'orders', true],
  ['', 'orders', false],
])("'%s' matches '%s': %s", (pattern, topic, expected) => {
  expect(compileNamePattern(pattern)(topic)).toBe(expected);
});

test.each(['*', '(', 'a{2,1}', '(?=a)', '\\1', 'x'.repeat(1025)])("'%s' is refused", (pattern) => {
  expect(() => compileNamePattern(pattern)).toThrow(expect.objectContaining({ errorName: 'INVALID_REGULAR_EXPRESSION' }));
});

test('an expression that makes others try for ever takes no time', () => {
  const matches = compileNamePattern('(a+)+(a+)+(a+)+b');
  const start = process.cpuUsage().user;

  expect(matches('a'.repeat(249))).toBe(false);

  expect((process.cpuUsage().user - start) / 1000).toBeLessThan(1000);
});
