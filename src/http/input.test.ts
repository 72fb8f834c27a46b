import fc from 'fast-check';
import { expect, test } from 'vitest';
import { integerParameter, parseBody } from './input.ts';
import { HttpProblem } from './problem.ts';

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test.each([
  { depth: 32, accepted: true },
  { depth: 33, accepted: false },
  { depth: 100_000, accepted: false },
])('a body $depth levels deep is accepted: $accepted', ({ depth, accepted }) => {
  const parse = () => parseBody(Buffer.from(nested(depth)));

  if (accepted) expect(parse()).toHaveProperty('a');
  else expect(parse).toThrow('32 levels');
});

test('brackets inside strings do not count as depth', () => {
  const message = `${'[{'.repeat(100)}\\"${'['.repeat(100)}`;

  expect(parseBody(Buffer.from(JSON.stringify({ message })))).toEqual({ message });
});

test('any object of strings and numbers comes through as JSON.parse gives it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer())), (value) => {
      const text = JSON.stringify(value);
      expect(parseBody(Buffer.from(text))).toEqual(JSON.parse(text));
    }),
  );
});

test('any bytes are either parsed or refused with 400', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        parseBody(Buffer.from(bytes));
      } catch (error) {
        expect((error as HttpProblem).status).toBe(400);
        expect(error).toBeInstanceOf(HttpProblem);
      }
    }),
  );
});

test('a number of 64 bits in a query is exact', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(integerParameter({ offset: String(value) }, 'offset')).toBe(value);
    }),
  );
});
