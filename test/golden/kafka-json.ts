import { errorName, type Message, zeroUuid } from '#protocol';

type Field = Message['fields'][string];
type Json = null | boolean | string | JsonNumber | Json[] | { [name: string]: Json };

/** A number as its text, so that the largest int64 stays exact. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Of record batches Kafka tells only the size, under the field's name with this behind it. */
const recordsSuffix = /SizeInBytes$/;

/** How many bytes a records field has: all that Kafka's JSON tells of it. */
export interface RecordsSize {
  readonly recordsOfBytes: number;
}

export function parseJson(text: string): Json {
  return JSON.parse(text, (_name, value, context?: { source?: string }) =>
    typeof value === 'number' ? new JsonNumber(context!.source!) : value,
  );
}

/** What decoding should give, made from what Kafka's JSON converter tells: it leaves out what the version lacks and unset tagged fields. */
export function expectedValue(fields: Message['fields'], json: { [name: string]: Json }): Record<string, unknown> {
  const unknown = Object.keys(json).filter((name) => fields[name.replace(recordsSuffix, '')] === undefined);
  if (unknown.length > 0) throw new Error(`Kafka tells of ${unknown}, which we do not have`);
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const told = json[field.kind === 'records' ? `${name}SizeInBytes` : name];
      return [name, told === undefined ? defaultValue(field) : fieldValue(field, told)];
    }),
  );
}

function fieldValue(field: Field, json: Json): unknown {
  if (json === null) return null;
  switch (field.kind) {
    case 'struct':
      return expectedValue(field.fields!, json as { [name: string]: Json });
    case 'array':
      return (json as Json[]).map((element) => fieldValue(field.element!, element));
    case 'bytes':
      return Buffer.from(json as string, 'base64');
    case 'records':
      return { recordsOfBytes: Number((json as JsonNumber).text) } satisfies RecordsSize;
    case 'int64':
      return BigInt((json as JsonNumber).text);
    case 'errorCode':
      return errorName(Number((json as JsonNumber).text));
    case 'bool':
    case 'string':
    case 'uuid':
      return json;
    default:
      return Number((json as JsonNumber).text);
  }
}

function defaultValue(field: Field): unknown {
  if (field.explicitDefault !== undefined) return field.explicitDefault;
  switch (field.kind) {
    case 'struct':
      return expectedValue(field.fields!, {});
    case 'array':
      return [];
    case 'bytes':
      return Buffer.alloc(0);
    case 'records':
      return field.nullable ? null : { recordsOfBytes: 0 };
    case 'int64':
      return 0n;
    case 'errorCode':
      return 'NONE';
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return zeroUuid;
    default:
      return 0;
  }
}

/** The decoded value with every records field as its size, to be compared with {@link expectedValue}. */
export function withRecordsAsSizes(fields: Message['fields'], value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withSizes(fields[name]!, one)]));
}

function withSizes(field: Field, value: unknown): unknown {
  if (value === null) return null;
  if (field.kind === 'records') return { recordsOfBytes: (value as Buffer).length } satisfies RecordsSize;
  if (field.kind === 'array') return (value as unknown[]).map((element) => withSizes(field.element!, element));
  if (field.kind === 'struct') return withRecordsAsSizes(field.fields!, value as Record<string, unknown>);
  return value;
}
