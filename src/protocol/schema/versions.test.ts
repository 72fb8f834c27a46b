import { expect, test } from 'vitest';
import { formatVersions, includesVersion, parseVersions } from './versions.ts';

test.each(['none', '0', '4', '0-12', '3+'])("'%s' is read and written", (text) => {
  expect(formatVersions(parseVersions(text))).toBe(text);
});

test.each(['', '+', '-1', '1-', 'a', '1,2', '0+ '])("'%s' names no versions", (text) => {
  expect(() => parseVersions(text)).toThrow(TypeError);
});

test('both ends belong to a range; none holds no version', () => {
  const range = parseVersions('2-4');

  expect([1, 2, 4, 5].map((version) => includesVersion(range, version))).toEqual([false, true, true, false]);
  expect(includesVersion(parseVersions('none'), 0)).toBe(false);
  expect(includesVersion(parseVersions('3+'), 9_999)).toBe(true);
});
