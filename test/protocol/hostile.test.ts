import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage, decodeRequest, encodeMessage, type Message, ProtocolError } from '#protocol';
import { metadata } from '#protocol/apis/metadata.ts';
import { everyMessage, valuesOf } from './arbitrary.ts';

/** The lowest version of a message, usually without tagged fields, and the highest, usually with them. */
const cases = everyMessage.flatMap((message) =>
  [...new Set([message.versions.min, message.versions.max])].map((version) => ({ name: message.name, message, version })),
);

/** What decoding throws, or undefined. */
function failureOf(message: Message, version: number, bytes: Buffer): unknown {
  try {
    decodeMessage(message, version, bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe.each(cases)('$name v$version', ({ message, version }) => {
  const whole = fc.sample(valuesOf(message, version), { numRuns: 2, seed: 7 }).map((value) => encodeMessage(message, version, value));

  test('cut short at any byte it is malformed', () => {
    for (const bytes of whole) {
      for (let length = 0; length < bytes.length; length++) {
        const failure = failureOf(message, version, bytes.subarray(0, length));
        if (!(failure instanceof ProtocolError)) expect.fail(`${length} of ${bytes.toString('hex')}: ${failure}`);
      }
    }
  });

  test('with any byte changed it is either read or malformed, nothing else', () => {
    for (const bytes of whole) {
      // In a long message what matters repeats itself.
      const step = Math.ceil(bytes.length / 200);
      for (let at = 0; at < bytes.length; at += step) {
        for (const byte of [0x00, 0x7f, 0xff]) {
          const changed = Buffer.from(bytes);
          changed[at] = byte;
          const failure = failureOf(message, version, changed);
          if (failure !== undefined && !(failure instanceof ProtocolError)) expect.fail(`${changed.toString('hex')}: ${failure}`);
        }
      }
    }
  });
});

test('random bytes are either read or malformed, nothing else', () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.uint8Array({ maxLength: 60 }), ({ message, version }, bytes) => {
      const failure = failureOf(message, version, Buffer.from(bytes));

      expect(failure === undefined || failure instanceof ProtocolError).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  { count: 0x7fff_ffff, because: 'there are far fewer bytes' },
  { count: 6, because: 'an element takes two bytes and ten are left' },
  { count: -2, because: 'it is negative, and only -1 stands for null' },
  { count: -0x8000_0000, because: 'it is negative' },
])('a count of $count is malformed: $because', ({ count }) => {
  const bytes = Buffer.alloc(4 + 10);
  bytes.writeInt32BE(count, 0);

  expect(() => decodeRequest(metadata, 1, bytes, 0)).toThrow(ProtocolError);
});

test('a compact count of 2^32 - 1 is malformed, and nothing of that size is made', () => {
  const bytes = Buffer.concat([Buffer.from('ffffffff0f', 'hex'), Buffer.alloc(100_000)]);
  const before = process.memoryUsage().heapUsed;

  expect(() => decodeRequest(metadata, 9, bytes, 0)).toThrow(/a count of 4294967294 for topics/);

  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
});

test('a null is malformed where the version allows none', () => {
  const nullTopics = Buffer.from('ffffffff', 'hex');

  expect(() => decodeRequest(metadata, 0, nullTopics, 0)).toThrow(/a count of -1 for topics/);
  expect(decodeRequest(metadata, 1, nullTopics, 0).topics).toBeNull();
});

test('a request with more than a million elements is malformed, though its bytes are there', () => {
  const bytes = Buffer.alloc(4 + 2 * 1_000_001);
  bytes.writeInt32BE(1_000_001, 0);

  expect(() => decodeRequest(metadata, 1, bytes, 0)).toThrow(/too many for one message/);
});
