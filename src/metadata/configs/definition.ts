/** Kafka's types of configuration values. */
export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password';

/** Kafka's numbers for them in a DescribeConfigs answer. */
export const configTypeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

/** A rule beyond the type: `text` follows "must be". */
export interface ConfigRule {
  readonly text: string;
  accepts(value: ConfigValue): boolean;
}

/** A value as its type says: int, short, double are numbers, long a bigint, list the texts between commas. */
export type ConfigValue = boolean | string | number | bigint | readonly string[];

/**
 * What a set value does in this version. `acts`: it is obeyed. `inert`: the part that it tunes is not there or never needs it, and
 * nothing that a user relies on is missing by that; its doc sentence says which.
 */
export type ConfigEffect = 'acts' | 'inert';

export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  /** As text; null where there is none. */
  readonly default: string | null;
  readonly rule: ConfigRule | undefined;
  readonly effect: ConfigEffect;
  /** One sentence or a few, for DescribeConfigs and the reference pages. */
  readonly doc: string;
  /** Of a broker config: whether it can be changed while the broker runs, for all brokers or for each. */
  readonly dynamic: boolean;
  /** Of a topic or group config: the broker configs that are its default, the strongest first. */
  readonly synonyms: readonly Synonym[];
}

export interface Synonym {
  readonly broker: string;
  /** One of its units in those of the config that falls back to it: 3,600,000 for hours to milliseconds. */
  readonly factor: number;
}

interface Options {
  readonly rule?: ConfigRule;
  readonly effect?: ConfigEffect;
  readonly dynamic?: boolean;
  readonly synonyms?: readonly (string | Synonym)[];
}

/** One row of a table of configs. */
export function define(
  name: string,
  type: ConfigType,
  defaultValue: string | number | bigint | boolean | null,
  doc: string,
  options: Options = {},
): ConfigDefinition {
  return {
    name,
    type,
    default: defaultValue === null ? null : String(defaultValue),
    rule: options.rule,
    effect: options.effect ?? 'acts',
    doc,
    dynamic: options.dynamic ?? false,
    synonyms: (options.synonyms ?? []).map((synonym) => (typeof synonym === 'string' ? { broker: synonym, factor: 1 } : synonym)),
  };
}

/** A table by name; a name that comes twice is a mistake. */
export function tableOf(definitions: readonly ConfigDefinition[]): ReadonlyMap<string, ConfigDefinition> {
  const table = new Map(definitions.map((definition) => [definition.name, definition]));
  if (table.size !== definitions.length) throw new Error('a config is defined twice');
  return table;
}

export function atLeast(minimum: number): ConfigRule {
  return { text: `at least ${minimum}`, accepts: (value) => isNumber(value) && value >= minimum };
}

export function between(minimum: number, maximum: number): ConfigRule {
  return { text: `from ${minimum} to ${maximum}`, accepts: (value) => isNumber(value) && value >= minimum && value <= maximum };
}

export function oneOf(...words: readonly string[]): ConfigRule {
  return { text: `one of ${words.join(', ')}`, accepts: (value) => typeof value === 'string' && words.includes(value) };
}

/** A list of some of these words, each at most once; empty is allowed. */
export function someOf(...words: readonly string[]): ConfigRule {
  return {
    text: `a list of ${words.join(', ')}, each at most once`,
    accepts: (value) => Array.isArray(value) && value.every((word) => words.includes(word)) && new Set(value).size === value.length,
  };
}

/** Only the default: for what this version does not offer. */
export function only(value: string | boolean | number, why: string): ConfigRule {
  return { text: `${value}: ${why}`, accepts: (given) => given === value };
}

export function matching(pattern: RegExp, text: string): ConfigRule {
  return { text, accepts: (value) => (Array.isArray(value) ? value : [value]).every((part) => pattern.test(String(part))) };
}

export function either(...rules: readonly ConfigRule[]): ConfigRule {
  return { text: rules.map((rule) => rule.text).join(' or '), accepts: (value) => rules.some((rule) => rule.accepts(value)) };
}

function isNumber(value: ConfigValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
