import { expect, test } from 'vitest';
import { type ConsumeFlags, readConsumeFlags } from './consume-flags.ts';
import { type ProduceFlags, readProduceFlags } from './produce-flags.ts';
import { parseWhere } from './where.ts';

test.each([
  ['beginning', { at: 'beginning' }],
  ['end', { at: 'end' }],
  ['17', { at: 'offset', offset: 17n }],
  ['+5', { at: 'after beginning', count: 5n }],
  ['-5', { at: 'before end', count: 5n }],
  ['@1764057600000', { at: 'time', timestamp: 1764057600000n }],
  ['@2025-11-25T08:00:00Z', { at: 'time', timestamp: 1764057600000n }],
  ['s@1764057600000', { at: 'time', timestamp: 1764057600000n }],
])('%s is a place', (text, expected) => {
  expect(parseWhere('--offset', text)).toEqual(expected);
});

test.each(['', 'first', '5-', '@soon'])('"%s" is no place', (text) => {
  expect(() => parseWhere('--offset', text)).toThrow(`--offset=${text}`.replace('@', '').slice(0, 9));
});

const beginning = { at: 'beginning' } as const;

test('-o is a form or a place, whichever its word is', () => {
  expect(readConsumeFlags({ o: ['ndjson', '-10'] }, beginning)).toMatchObject({ output: 'ndjson', from: { at: 'before end', count: 10n } });
  expect(readConsumeFlags({ json: true }, beginning).output).toBe('ndjson');
  expect(readConsumeFlags({ exit: true }, beginning).until).toEqual({ at: 'end' });
});

test.each<{ flags: ConsumeFlags; error: string }>([
  { flags: { o: ['text', 'json'] }, error: '--output=json: the form is text already' },
  { flags: { o: ['1'], offset: '2' }, error: '--offset=1: it begins at 2 already' },
  { flags: { output: 'yaml' }, error: '--output=yaml' },
  { flags: { format: '%v', output: 'text' }, error: '--format=%v' },
  { flags: { count: '0' }, error: '--count=0' },
  { flags: { isolationLevel: 'x' }, error: '--isolation-level=x' },
  { flags: { group: 'g', partition: '1' }, error: '--partition=1: a group says itself' },
  { flags: { group: 'g', o: ['end'] }, error: '--offset=end: a group says itself' },
])('consume with $flags is refused', ({ flags, error }) => {
  expect(() => readConsumeFlags(flags, beginning)).toThrow(error);
});

test.each<{ flags: ProduceFlags; error: string }>([
  { flags: { input: 'xml' }, error: '--input=xml' },
  { flags: { acks: '0' }, error: '--acks=0: nobody would learn' },
  { flags: { partition: '1', keepPartitions: true }, error: '--partition=1' },
  { flags: { key: 'k', keySeparator: ':' }, error: '--key=k' },
  { flags: { header: ['x'] }, error: '--header=x' },
  { flags: { compression: 'rar' }, error: '--compression=rar' },
  { flags: { resume: 'r' }, error: '--resume=r: only records of --input=ndjson' },
  { flags: { resume: 'r', input: 'ndjson', acks: '1' }, error: '--resume=r: it needs --acks=all' },
])('produce with $flags is refused', ({ flags, error }) => {
  expect(() => readProduceFlags(flags)).toThrow(error);
});
