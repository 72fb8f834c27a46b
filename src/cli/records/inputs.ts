import { isUtf8 } from 'node:buffer';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { LineSplitter, linesOf } from './line-splitter.ts';
import { type ParsedRecord, RecordJsonError, recordFromJson } from './record-json.ts';

export const inputs = ['text', 'json', 'ndjson', 'raw'] as const;
export type Input = (typeof inputs)[number];

/** Makes records of what comes in, piece by piece. */
export interface RecordInputReader {
  /** @throws CliError naming the line that is no record */
  records(chunk: Buffer): Iterable<ParsedRecord>;
  /** What is left when the input ends. */
  last(): Iterable<ParsedRecord>;
}

export interface TextOptions {
  readonly keySeparator: string | undefined;
  /** An empty value stands for null. */
  readonly emptyIsNull: boolean;
}

export function inputOf(input: Input, options: TextOptions): RecordInputReader {
  switch (input) {
    case 'text':
      return new TextInput(options);
    case 'ndjson':
      return new NdjsonInput();
    case 'json':
      return new WholeInput((bytes) => parseWhole(bytes));
    case 'raw':
      return new WholeInput((bytes) => [asRecord(null, bytes, options.emptyIsNull)]);
  }
}

function asRecord(key: Buffer | null, value: Buffer, emptyIsNull: boolean): ParsedRecord {
  const isNull = emptyIsNull && value.length === 0;
  return {
    key,
    value: isNull ? null : value,
    headers: undefined,
    timestamp: undefined,
    topic: undefined,
    partition: undefined,
    sourceOffset: undefined,
  };
}

const carriageReturn = 13;

/** A line is a value, or a key and a value. Bytes stay as they are; lines end as they do on Unix or on Windows. */
class TextInput implements RecordInputReader {
  readonly #splitter = new LineSplitter();
  readonly #separator: Buffer | undefined;
  readonly #emptyIsNull: boolean;

  constructor({ keySeparator, emptyIsNull }: TextOptions) {
    this.#separator = keySeparator === undefined ? undefined : Buffer.from(keySeparator);
    this.#emptyIsNull = emptyIsNull;
  }

  *records(chunk: Buffer): Iterable<ParsedRecord> {
    const lines = this.#splitter.wholeLines(chunk);
    if (lines !== undefined)
      for (const line of linesOf(lines)) yield this.#record(line.at(-1) === carriageReturn ? line.subarray(0, -1) : line);
  }

  *last(): Iterable<ParsedRecord> {
    const rest = this.#splitter.rest();
    if (rest !== undefined) yield this.#record(rest);
  }

  #record(line: Buffer): ParsedRecord {
    const at = this.#separator === undefined ? -1 : line.indexOf(this.#separator);
    if (at < 0) return asRecord(null, line, this.#emptyIsNull);
    return asRecord(line.subarray(0, at), line.subarray(at + this.#separator!.length), this.#emptyIsNull);
  }
}

/** A line is a record as JSON. */
class NdjsonInput implements RecordInputReader {
  readonly #splitter = new LineSplitter();
  #line = 0;

  *records(chunk: Buffer): Iterable<ParsedRecord> {
    const lines = this.#splitter.wholeLines(chunk);
    if (lines === undefined) return;
    if (!isUtf8(lines)) throw this.#wrong('the lines that begin here are not all UTF-8', this.#line + 1);
    for (const line of lines.toString('utf8').split('\n')) yield* this.#record(line);
  }

  /** A line without an end may have been cut off, and then it is no JSON. */
  *last(): Iterable<ParsedRecord> {
    const rest = this.#splitter.rest();
    if (rest !== undefined) yield* this.#record(rest.toString('utf8'), 'the input ends in the middle of a record');
  }

  *#record(line: string, why = 'this is no JSON'): Iterable<ParsedRecord> {
    this.#line++;
    if (line === '' || line === '\r') return;
    let json: unknown;
    try {
      json = JSON.parse(this.#line === 1 ? withoutMark(line) : line);
    } catch (error) {
      throw this.#wrong(`${why} (${(error as Error).message})`);
    }
    try {
      yield recordFromJson(json);
    } catch (error) {
      throw error instanceof RecordJsonError ? this.#wrong(error.message) : error;
    }
  }

  #wrong(why: string, line = this.#line): CliError {
    return new CliError(`Line ${line} of the input: ${why}. What stands before it is written.`, exitCodes.usage);
  }
}

/** All of the input at once. */
class WholeInput implements RecordInputReader {
  readonly #chunks: Buffer[] = [];
  readonly #parse: (bytes: Buffer) => ParsedRecord[];

  constructor(parse: (bytes: Buffer) => ParsedRecord[]) {
    this.#parse = parse;
  }

  records(chunk: Buffer): Iterable<ParsedRecord> {
    this.#chunks.push(chunk);
    return [];
  }

  last(): Iterable<ParsedRecord> {
    return this.#parse(Buffer.concat(this.#chunks));
  }
}

/** Windows' programs like to begin a file with a byte order mark. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

function parseWhole(bytes: Buffer): ParsedRecord[] {
  let json: unknown;
  try {
    json = JSON.parse(withoutMark(bytes.toString('utf8')));
  } catch (error) {
    throw new CliError(`The input is no JSON (${(error as Error).message}). For one record a line use --input=ndjson.`, exitCodes.usage);
  }
  return (Array.isArray(json) ? json : [json]).map((each, index) => {
    try {
      return recordFromJson(each);
    } catch (error) {
      if (!(error instanceof RecordJsonError)) throw error;
      throw new CliError(`Record ${index + 1} of the input: ${error.message}.`, exitCodes.usage);
    }
  });
}
