import type { LogRecord } from '#protocol';
import { UsageError } from '../cli-error.ts';
import type { ByteSink } from './byte-sink.ts';

/** Writes one record. */
export type RecordWriter = (sink: ByteSink, partition: number, record: LogRecord) => void;

type Part = (sink: ByteSink, topic: string, partition: number, record: LogRecord) => void;

/** What stands behind a percent sign, as kcat and rpk have it. */
const parts: Record<string, Part> = {
  T: (sink, _, __, { timestamp }) => sink.text(String(timestamp)),
  t: (sink, topic) => sink.text(topic),
  p: (sink, _, partition) => sink.text(String(partition)),
  o: (sink, _, __, { offset }) => sink.text(String(offset)),
  K: (sink, _, __, { key }) => sink.text(String(key?.length ?? -1)),
  V: (sink, _, __, { value }) => sink.text(String(value?.length ?? -1)),
  H: (sink, _, __, { headers }) => sink.text(String(headers.length)),
  h: (sink, _, __, { headers }) => {
    for (const [index, { key, value }] of headers.entries()) {
      sink.text(`${index === 0 ? '' : ','}${key}=`);
      if (value !== null) sink.bytes(value);
    }
  },
  '%': (sink) => sink.text('%'),
};
/** The same under the other program's name. */
const aliases: Record<string, string> = { s: 'v', S: 'V', d: 'T' };

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\' };

/**
 * Text in which %k, %v, ... stand for parts of a record: see the help of `consume`.
 * @param nullText what stands for a key or value that is null
 * @throws UsageError
 */
export function parseFormat(text: string, topic: string, nullText: string): RecordWriter {
  const made: Part[] = [];
  const token = /%([a-zA-Z%])(?:\{(\w+)\})?|\\(x[0-9a-fA-F]{2}|.)|[^%\\]+|./gs;
  for (const [whole, letter, encoding, escaped] of text.matchAll(token)) {
    if (letter !== undefined) made.push(partOf(text, aliases[letter] ?? letter, encoding, nullText));
    else if (escaped !== undefined) {
      const byte = escaped.length === 3 ? Buffer.from(escaped.slice(1), 'hex') : Buffer.from(escapes[escaped] ?? whole);
      made.push((sink) => sink.bytes(byte));
    } else if (whole === '%') throw new UsageError('-f', text, 'a percent sign has to be written %%');
    else made.push((sink) => sink.text(whole));
  }
  return (sink, partition, record) => {
    for (const part of made) part(sink, topic, partition, record);
  };
}

function partOf(text: string, letter: string, encoding: string | undefined, nullText: string): Part {
  if (letter === 'k' || letter === 'v') {
    if (encoding !== undefined && encoding !== 'hex' && encoding !== 'base64')
      throw new UsageError('-f', text, `{${encoding}} is not known`, 'Use {hex} or {base64}');
    const name = letter === 'k' ? 'key' : 'value';
    return (sink, _, __, record) => {
      const bytes = record[name];
      if (bytes === null) sink.text(nullText);
      else if (encoding === undefined) sink.bytes(bytes);
      else sink.text(bytes.toString(encoding));
    };
  }
  const part = parts[letter];
  if (part === undefined || encoding !== undefined)
    throw new UsageError(
      '-f',
      text,
      `%${letter}${encoding === undefined ? '' : `{${encoding}}`} stands for nothing`,
      'There are %k %v %K %V %t %p %o %T %h %H %%, and %s %S %d for %v %V %T',
    );
  return part;
}
