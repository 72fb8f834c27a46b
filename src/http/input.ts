import { isUtf8 } from 'node:buffer';
import { HttpProblem } from './problem.ts';

/** How deep arrays and objects may be nested in a body. */
const maxDepth = 32;

/** A JSON object as it came, nothing checked but its form. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object in a body, whatever its content type says (curl calls JSON a form unless told otherwise).
 * @throws HttpProblem 400 when it is empty, not UTF-8, not JSON, nested too deep, or not an object
 */
export function parseBody(bytes: Buffer): JsonObject {
  if (bytes.length === 0) throw malformed('The body is empty; a JSON object is wanted.');
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
  const text = bytes.toString('utf8');
  if (isDeeperThan(text, maxDepth)) throw malformed(`The body is nested more than ${maxDepth} levels deep.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`The body is not JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`The body must be a JSON object, not ${describe(value)}.`);
  }
  return value as JsonObject;
}

/** Does the text open more than `limit` brackets inside one another? A flat body, the usual one, is told by two quick searches. */
function isDeeperThan(text: string, limit: number): boolean {
  if (text.indexOf('{', 1) === -1 && text.indexOf('[') === -1) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > limit) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}

/** The string under `key`. @throws HttpProblem 400 when it is missing, of another type, or has half a surrogate pair (which no UTF-8 can hold) */
export function stringIn(body: JsonObject, key: string): string {
  const value = own(body, key);
  if (typeof value !== 'string') throw wrongType(key, 'a string', value);
  if (!value.isWellFormed()) throw malformed(`"${key}" is not valid Unicode: it holds half of a surrogate pair.`);
  return value;
}

/** The whole number under `key`. @throws HttpProblem 400 when it is missing, of another type, has a fraction, or is too large to be exact */
export function integerIn(body: JsonObject, key: string): number {
  const value = own(body, key);
  if (typeof value !== 'number') throw wrongType(key, 'a whole number', value);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw malformed(`"${key}" is beyond 2^53 - 1, the largest whole number that JSON holds exactly.`);
  if (!Number.isInteger(value)) throw malformed(`"${key}" must be a whole number, not ${value}.`);
  return value;
}

/** Is there anything under `key`? */
export function has(body: JsonObject, key: string): boolean {
  return own(body, key) !== undefined;
}

/** The array under `key`. @throws HttpProblem 400 when it is missing or of another type */
export function arrayIn(body: JsonObject, key: string): readonly unknown[] {
  const value = own(body, key);
  if (!Array.isArray(value)) throw wrongType(key, 'an array', value);
  return value;
}

/** true or false under `key`, or the default where there is nothing. @throws HttpProblem 400 for anything else */
export function booleanIn(body: JsonObject, key: string, otherwise: boolean): boolean {
  const value = own(body, key);
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw wrongType(key, 'true or false', value);
  return value;
}

/** An object inside of a body. @param where to name it by. @throws HttpProblem 400 for anything else */
export function objectAt(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(where, 'an object', value);
  return value as JsonObject;
}

/** The text of a query parameter that must be there once. @throws HttpProblem 400 */
export function textParameter(query: Readonly<Record<string, unknown>>, name: string): string {
  const value = query[name];
  if (value === undefined || value === '') throw malformed(`The parameter "${name}" is missing.`);
  if (typeof value !== 'string') throw malformed(`The parameter "${name}" is given more than once.`);
  return value;
}

/** A query parameter that may be left out, or is one of these. @throws HttpProblem 400 */
export function oneOfParameter<T extends string>(
  query: Readonly<Record<string, unknown>>,
  name: string,
  known: readonly T[],
): T | undefined {
  if (query[name] === undefined) return undefined;
  const text = textParameter(query, name);
  const found = known.find((value) => value === text);
  if (found === undefined)
    throw malformed(
      `The parameter "${name}" must be left out or be ${known.map((value) => `"${value}"`).join(' or ')}, not "${shortened(text)}".`,
    );
  return found;
}

/** A query parameter that is a whole number of 64 bits. @throws HttpProblem 400 */
export function integerParameter(query: Readonly<Record<string, unknown>>, name: string): bigint {
  const text = textParameter(query, name);
  if (!/^-?[0-9]{1,19}$/.test(text)) throw malformed(`The parameter "${name}" must be a whole number, not "${shortened(text)}".`);
  const value = BigInt(text);
  if (BigInt.asIntN(64, value) !== value) throw malformed(`The parameter "${name}" is beyond 2^63 - 1.`);
  return value;
}

function own(body: JsonObject, key: string): unknown {
  return Object.hasOwn(body, key) ? body[key] : undefined;
}

function wrongType(key: string, wanted: string, value: unknown): HttpProblem {
  return malformed(
    value === undefined ? `"${key}" is missing; it must be ${wanted}.` : `"${key}" must be ${wanted}, not ${describe(value)}.`,
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return { string: 'a string', number: 'a number', boolean: 'a boolean' }[typeof value as string] ?? 'an object';
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

function malformed(sentence: string): HttpProblem {
  return new HttpProblem(400, 'INVALID_REQUEST', sentence);
}
