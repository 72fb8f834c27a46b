import type { ConfigDefinition, ConfigType, ConfigValue } from './definition.ts';

/** What a text must look like to be of a type, for people. */
const typeTexts: Readonly<Record<ConfigType, string>> = {
  boolean: 'true or false',
  string: 'a text',
  int: 'a whole number from -2147483648 to 2147483647',
  short: 'a whole number from -32768 to 32767',
  long: 'a whole number of 64 bits',
  double: 'a number',
  list: 'a list with commas',
  class: 'the name of a class',
  password: 'a text',
};

const wholeNumber = /^[+-]?\d{1,20}$/;
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/;

/** A text read as its type says, or undefined when it cannot be. Spaces around it do not count, as in Kafka. */
export function readConfigValue(type: ConfigType, text: string): ConfigValue | undefined {
  const trimmed = text.trim();
  switch (type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase();
      return lower === 'true' ? true : lower === 'false' ? false : undefined;
    }
    case 'int':
      return wholeIn(trimmed, -(2n ** 31n), 2n ** 31n - 1n, Number);
    case 'short':
      return wholeIn(trimmed, -(2n ** 15n), 2n ** 15n - 1n, Number);
    case 'long':
      return wholeIn(trimmed, -(2n ** 63n), 2n ** 63n - 1n, (value) => value);
    case 'double':
      return decimalNumber.test(trimmed) ? Number(trimmed) : undefined;
    case 'list':
      return trimmed === '' ? [] : trimmed.split(',').map((part) => part.trim());
    case 'password':
      return text;
    default:
      return trimmed;
  }
}

function wholeIn<T>(text: string, min: bigint, max: bigint, as: (value: bigint) => T): T | undefined {
  if (!wholeNumber.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value >= min && value <= max ? as(value) : undefined;
}

/** What is wrong with a value, as one sentence that names the key, the value and the rule; undefined when it is fine. */
export function faultOf(definition: ConfigDefinition, text: string): string | undefined {
  const shown = definition.type === 'password' ? '[hidden]' : quoted(text);
  const value = readConfigValue(definition.type, text);
  if (value === undefined) return `${definition.name}=${shown}: must be ${typeTexts[definition.type]}`;
  if (definition.rule !== undefined && !definition.rule.accepts(value))
    return `${definition.name}=${shown}: must be ${definition.rule.text}`;
  return undefined;
}

/** User text in a message: bounded, and without control characters. */
export function quoted(text: string): string {
  const short = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  return short.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
