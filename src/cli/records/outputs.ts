import { UsageError } from '../cli-error.ts';
import type { ByteSink } from './byte-sink.ts';
import { parseFormat, type RecordWriter } from './format.ts';
import { recordAsJson } from './record-json.ts';

export const outputs = ['text', 'json', 'ndjson', 'raw'] as const;
export type Output = (typeof outputs)[number];

/** How records are written, and what stands around them. */
export interface RecordOutput {
  readonly write: RecordWriter;
  begin(sink: ByteSink): void;
  end(sink: ByteSink): void;
}

const lineEnd = Buffer.from('\n');
const nothing = () => {};

/** @throws UsageError */
export function outputOf(topic: string, flags: { output: Output; format: string | undefined; nullText: string }): RecordOutput {
  if (flags.format !== undefined) return { write: parseFormat(flags.format, topic, flags.nullText), begin: nothing, end: nothing };
  const name = JSON.stringify(topic);
  switch (flags.output) {
    case 'raw':
      return { write: (sink, _, { value }) => value !== null && sink.bytes(value), begin: nothing, end: nothing };
    case 'text':
      return {
        write: (sink, _, { value }) => {
          if (value === null) sink.text(flags.nullText);
          else sink.bytes(value);
          sink.bytes(lineEnd);
        },
        begin: nothing,
        end: nothing,
      };
    case 'ndjson':
      return { write: (sink, partition, record) => sink.text(`${recordAsJson(name, partition, record)}\n`), begin: nothing, end: nothing };
    case 'json': {
      let isFirst = true;
      return {
        write: (sink, partition, record) => {
          sink.text(`${isFirst ? '\n' : ',\n'}${recordAsJson(name, partition, record)}`);
          isFirst = false;
        },
        begin: (sink) => sink.text('['),
        end: (sink) => sink.text('\n]\n'),
      };
    }
  }
}

/** @throws UsageError */
export function parseOutput(flag: string, text: string): Output {
  const output = outputs.find((known) => known === text);
  if (output === undefined) throw new UsageError(flag, text, 'there is no such form', `Use one of ${outputs.join(', ')}`);
  return output;
}
