import { expect, test } from 'vitest';
import { type Input, inputOf } from './inputs.ts';

/** Values of what comes in as these pieces. */
function values(input: Input, ...pieces: string[]): (string | null)[] {
  const reader = inputOf(input, { keySeparator: undefined, emptyIsNull: false });
  const records = [...pieces.flatMap((piece) => [...reader.records(Buffer.from(piece))]), ...reader.last()];
  return records.map(({ value }) => value?.toString() ?? null);
}

test('lines end as on Unix or as on Windows, wherever the pieces are cut', () => {
  expect(values('text', 'a\r\nb\n\r\nc\r', '\nd\re\r\n', 'f')).toEqual(['a', 'b', '', 'c', 'd\re', 'f']);
  expect(values('ndjson', '{"value":"a"}\r\n\r\n{"value":"b"}\r', '\n')).toEqual(['a', 'b']);
});

test('all of the input is one value, whatever is in it', () => {
  expect(values('raw', '\uFEFFa\r\n', 'b\n')).toEqual(['\uFEFFa\r\nb\n']);
});

test('JSON may begin with a byte order mark', () => {
  expect(values('ndjson', '\uFEFF{"value":"a"}\n{"value":"b"}\n')).toEqual(['a', 'b']);
  expect(values('json', '\uFEFF[{"value":"a"}]')).toEqual(['a']);
  expect(() => values('ndjson', '{"value":"a"}\n\uFEFF{"value":"b"}\n')).toThrow('Line 2 of the input');
});
