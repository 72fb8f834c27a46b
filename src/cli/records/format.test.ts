import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ByteSink } from './byte-sink.ts';
import { parseFormat } from './format.ts';

const record = {
  offset: 12n,
  timestamp: 1764057600000n,
  key: Buffer.from([0xff, 0x00]),
  value: null,
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
};

async function written(format: string): Promise<Buffer> {
  const stream = new PassThrough();
  const sink = new ByteSink(stream);
  parseFormat(format, 'orders', 'NULL')(sink, 3, record);
  await sink.flush();
  return stream.read();
}

test.each([
  ['%t-%p@%o %T|%d', 'orders-3@12 1764057600000|1764057600000'],
  ['%k{hex}/%k{base64} %K %V %S', 'ff00//wA= 2 -1 -1'],
  ['%v %s', 'NULL NULL'],
  ['%h (%H)', 'a=1,b= (2)'],
  ['100%% \\x41\\t\\\\', '100% A\t\\'],
])('%s becomes %s', async (format, expected) => {
  expect((await written(format)).toString()).toBe(expected);
});

test('bytes that are no text stay what they are', async () => {
  expect(await written('%k\\n')).toEqual(Buffer.from([0xff, 0x00, 10]));
});

test.each(['%x', '50%', '%k{rot13}', '%o{hex}'])('%s is refused', (format) => {
  expect(() => parseFormat(format, 'orders', '')).toThrow(`-f=${format}`);
});
