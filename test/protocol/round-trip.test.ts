import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '#protocol';
import { everyMessage, valuesOf, versionsOf } from './arbitrary.ts';

const cases = everyMessage.flatMap((message) => versionsOf(message).map((version) => ({ name: message.name, message, version })));

test.each(cases)('$name v$version: decoding undoes encoding', ({ message, version }) => {
  fc.assert(
    fc.property(valuesOf(message, version), (value) => {
      const decoded = decodeMessage(message, version, encodeMessage(message, version, value));

      if (!isDeepStrictEqual(decoded, value)) expect(decoded).toEqual(value);
    }),
    // A failing value is small enough to read; making it smaller can take minutes.
    { numRuns: 12, endOnFailure: true },
  );
});
