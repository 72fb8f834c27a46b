import { expect, test } from 'vitest';
import { xxhash32 } from './xxhash32.ts';

test.each([
  { text: '', expected: 0x02cc5d05 },
  { text: 'a', expected: 0x550d7456 },
  { text: 'abc', expected: 0x32d153ff },
  { text: 'Nobody inspects the spammish repetition', expected: 0xe2293b2f },
])('the hash of "$text" is the published one', ({ text, expected }) => {
  expect(xxhash32(Buffer.from(text))).toBe(expected);
});

test('a part of a buffer is hashed as if it stood alone', () => {
  const bytes = Buffer.from('before Nobody inspects the spammish repetition after');

  expect(xxhash32(bytes, 7, 46)).toBe(0xe2293b2f);
});
