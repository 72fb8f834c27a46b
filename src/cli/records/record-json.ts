import { isUtf8 } from 'node:buffer';
import type { LogRecord, RecordInput } from '#protocol';

/**
 * A record as one line of JSON, with nothing lost: bytes are text where they are UTF-8 and {"base64": "..."} where they are not; headers are
 * pairs, in their order; null is null.
 */
export function recordAsJson(topicAsJson: string, partition: number, { offset, timestamp, key, value, headers }: LogRecord): string {
  const pairs = headers.length === 0 ? '' : headers.map((each) => `[${JSON.stringify(each.key)},${bytesAsJson(each.value)}]`).join(',');
  return `{"topic":${topicAsJson},"partition":${partition},"offset":${exact(offset)},"timestamp":${exact(timestamp)},"key":${bytesAsJson(key)},"value":${bytesAsJson(value)},"headers":[${pairs}]}`;
}

function bytesAsJson(bytes: Buffer | null): string {
  if (bytes === null) return 'null';
  return isUtf8(bytes) ? JSON.stringify(bytes.toString('utf8')) : `{"base64":"${bytes.toString('base64')}"}`;
}

/** Numbers beyond those that JavaScript and its like read exactly are text. */
function exact(number: bigint): string {
  return number > Number.MAX_SAFE_INTEGER || number < Number.MIN_SAFE_INTEGER ? `"${number}"` : String(number);
}

/** A record to be written, and what its line says of where it comes from. */
export interface ParsedRecord extends RecordInput {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: { readonly key: string; readonly value: Buffer | null }[] | undefined;
  readonly timestamp: bigint | number | undefined;
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  readonly sourceOffset: bigint | undefined;
}

/** A line that is no record; the message says what is wrong with it. */
export class RecordJsonError extends Error {}

const known: ReadonlySet<string> = new Set(['topic', 'partition', 'offset', 'timestamp', 'key', 'value', 'headers']);

/**
 * Reads what {@link recordAsJson} writes, and what people write by hand: all but `value` may be left out, and headers may be an object.
 * @throws RecordJsonError
 */
export function recordFromJson(json: unknown): ParsedRecord {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RecordJsonError('this is not a JSON object');
  const { topic, partition, offset, timestamp, key, value, headers } = json as Record<string, unknown>;
  if (value === undefined) throw new RecordJsonError('it has no "value" (null stands for a tombstone)');
  for (const name in json) if (!known.has(name)) throw new RecordJsonError(`"${name}" is not known; there are ${[...known].join(', ')}`);
  if (topic !== undefined && typeof topic !== 'string') throw new RecordJsonError('"topic" is not text');
  if (partition !== undefined && !(Number.isInteger(partition) && (partition as number) >= 0))
    throw new RecordJsonError(`"partition" is a whole number from 0 on, not ${JSON.stringify(partition)}`);
  return {
    topic,
    partition: partition as number | undefined,
    sourceOffset: offset === undefined ? undefined : BigInt(wholeFrom('offset', offset)),
    timestamp: timestamp === undefined || timestamp === null ? undefined : wholeFrom('timestamp', timestamp),
    key: key === undefined ? null : bytesFrom('key', key),
    value: bytesFrom('value', value),
    headers: headersFrom(headers),
  };
}

function wholeFrom(name: string, value: unknown): bigint | number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'string' && /^-?[0-9]{1,19}$/.test(value)) return BigInt(value);
  throw new RecordJsonError(`"${name}" is not a whole number`);
}

function bytesFrom(name: string, value: unknown): Buffer | null {
  if (value === null) return null;
  if (typeof value === 'string') return Buffer.from(value);
  const { base64 } = value as { base64?: unknown };
  if (typeof base64 === 'string' && Object.keys(value as object).length === 1) {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) throw new RecordJsonError(`"${name}" is not base64`);
    return bytes;
  }
  throw new RecordJsonError(`"${name}" is neither text nor null nor {"base64": "..."}; JSON as a value is written as text`);
}

function headersFrom(headers: unknown): ParsedRecord['headers'] {
  if (headers === undefined || headers === null) return undefined;
  if (typeof headers !== 'object') throw new RecordJsonError('"headers" are neither pairs, as in [["name","value"]], nor an object');
  if (Array.isArray(headers) && headers.length === 0) return undefined;
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers);
  return pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string')
      throw new RecordJsonError(`a header is a pair of a name and a value, not ${JSON.stringify(pair)}`);
    return { key: pair[0], value: bytesFrom(`headers.${pair[0]}`, pair[1]) };
  });
}
