import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameError, FrameSplitter } from './frame-splitter.ts';

test('any chunking of a stream gives the same frames', () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 8, maxLength: 300 }), { minLength: 1, maxLength: 20 });
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 });
  fc.assert(
    fc.property(bodies, cuts, fc.boolean(), (expected, fractions, takeLate) => {
      const stream = Buffer.concat(expected.map(framed));
      const positions = [0, ...fractions.map((fraction) => Math.round(fraction * stream.length)).sort((a, b) => a - b), stream.length];
      const splitter = splitterOf(1000);

      const frames: Buffer[] = [];
      for (let index = 1; index < positions.length; index++) {
        splitter.push(stream.subarray(positions[index - 1], positions[index]));
        if (!takeLate) frames.push(...framesOf(splitter));
      }
      frames.push(...framesOf(splitter));

      expect(frames.map((frame) => frame.toString('hex'))).toEqual(expected.map((body) => Buffer.from(body).toString('hex')));
      expect(splitter.isMidFrame).toBe(false);
    }),
  );
});

test('a long frame that comes byte by byte is put together, and the frame after it is not touched', () => {
  const body = Buffer.alloc(5000, 'x').fill('y', 2500);
  const stream = Buffer.concat([framed(body), framed(Buffer.from('the next'))]);
  const splitter = splitterOf(10_000);

  for (let position = 0; position < stream.length; position++) splitter.push(stream.subarray(position, position + 1));

  expect(framesOf(splitter).map(String)).toEqual([String(body), 'the next']);
});

test('a long frame of many full chunks is put together', () => {
  const body = Buffer.alloc(600 * 4096);
  for (let position = 0; position < body.length; position += 4) body.writeInt32BE(position, position);
  const stream = framed(body);
  const splitter = splitterOf(body.length);

  for (let position = 0; position < stream.length; position += 4096) splitter.push(stream.subarray(position, position + 4096));

  expect(splitter.next()?.equals(body)).toBe(true);
});

test('a frame within one chunk is a view of it, one that spans chunks is a copy', () => {
  const chunk = Buffer.concat([framed(Buffer.alloc(8, 1)), framed(Buffer.alloc(8, 2)).subarray(0, 6)]);
  const splitter = splitterOf(100);

  splitter.push(chunk);
  const whole = splitter.next()!;
  splitter.push(Buffer.alloc(6, 2));
  const spanning = splitter.next()!;
  chunk.fill(9);

  expect(whole).toEqual(Buffer.alloc(8, 9));
  expect(spanning).toEqual(Buffer.alloc(8, 2));
});

test('a length that is only claimed costs no memory', () => {
  const before = process.memoryUsage().arrayBuffers;

  const splitters = Array.from({ length: 50 }, () => {
    const splitter = splitterOf(100 * 1024 * 1024);
    splitter.push(lengthOf(100 * 1024 * 1024));
    expect(splitter.next()).toBeUndefined();
    return splitter;
  });

  expect(splitters.every((splitter) => splitter.isMidFrame)).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024);
});

test.each([
  { length: -1, says: 'negative size, -1 bytes' },
  { length: -2147483648, says: 'negative size' },
  { length: 0, says: 'claims 0 bytes, less than the 8' },
  { length: 7, says: 'less than the 8 bytes of its header' },
  { length: 101, says: 'claims 101 bytes, more than the 100 bytes allowed' },
  { length: 2147483647, says: 'claims 2147483647 bytes' },
  { length: Buffer.from('HTTP').readInt32BE(), says: 'an answer in HTTP' },
  { length: Buffer.from('GET ').readInt32BE(), says: "the letters 'GET '" },
  { length: Buffer.from([0x16, 3, 1, 2]).readInt32BE(), says: 'this is TLS' },
  { length: Buffer.from([0x15, 3, 3, 0]).readInt32BE(), says: 'this is TLS' },
])('a length of $length is refused: $says', ({ length, says }) => {
  const splitter = splitterOf(100);
  splitter.push(lengthOf(length));

  expect(() => splitter.next()).toThrow(says);
});

test('a refused length is known by number too', () => {
  const splitter = splitterOf(100);
  splitter.push(lengthOf(-5));

  let caught: unknown;
  try {
    splitter.next();
  } catch (error) {
    caught = error;
  }

  expect(caught).toBeInstanceOf(FrameError);
  expect((caught as FrameError).size).toBe(-5);
});

test.each([8, 100])('a frame of %i bytes, at a limit, passes', (length) => {
  const splitter = splitterOf(100);
  splitter.push(framed(Buffer.alloc(length)));

  expect(splitter.next()).toHaveLength(length);
});

test('a limit that is raised counts for the next length', () => {
  const splitter = splitterOf(10);
  splitter.push(Buffer.concat([framed(Buffer.alloc(10)), framed(Buffer.alloc(50))]));

  splitter.next();
  splitter.maxFrameBytes = 50;

  expect(splitter.next()).toHaveLength(50);
});

function splitterOf(maxFrameBytes: number): FrameSplitter {
  return new FrameSplitter({ maxFrameBytes, minFrameBytes: 8 });
}

function framesOf(splitter: FrameSplitter): Buffer[] {
  const frames: Buffer[] = [];
  for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) frames.push(frame);
  return frames;
}

function lengthOf(length: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  return prefix;
}

function framed(body: Uint8Array): Buffer {
  return Buffer.concat([lengthOf(body.length), body]);
}
