import { type Disk, DiskError } from '#platform';
import { CliError, UsageError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * The settings of a Java properties file: `name=value`, `name: value` or `name value` per line, `#` and `!` begin a comment, a backslash at
 * the end continues the line.
 */
export function parseProperties(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  const lines = text
    .replace(/\r\n?/g, '\n')
    .replace(/(?<!\\)((?:\\\\)*)\\\n[ \t]*/g, '$1')
    .split('\n');
  for (const line of lines) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue;
    const [, name = '', value = ''] = /^((?:\\.|[^\s:=\\])+)\s*[:=\s]\s*(.*)$/.exec(trimmed) ?? [undefined, trimmed, ''];
    settings.set(unescaped(name), unescaped(value));
  }
  return settings;
}

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, sequence: string) => {
    if (sequence.length === 5) return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    return { n: '\n', t: '\t', r: '\r', f: '\f' }[sequence] ?? sequence;
  });
}

/** Settings that the environment gives, and what the user should hear about it. */
export interface EnvironmentSettings {
  /** By Kafka's names. */
  readonly settings: ReadonlyMap<string, string>;
  /** The variable that gave each of them. */
  readonly variables: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

export const emptyEnvironment: EnvironmentSettings = { settings: new Map(), variables: new Map(), notes: [] };

/** Reads the environment of this process, if there is anything for us in it: the table of settings takes its time to load. */
export async function loadEnvironment(environment: Surroundings['environment']): Promise<EnvironmentSettings> {
  if (!Object.keys(environment).some((name) => name.startsWith('KAFKA_') || name === 'CLUSTER_ID')) return emptyEnvironment;
  return (await import('./environment.ts')).readEnvironment(environment);
}

export interface GatheredSettings {
  /** By Kafka's names. */
  readonly settings: Map<string, string>;
  /** Where each of them was said, for messages. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Settings from --config flags, a properties file and the environment; what stands earlier in this list wins.
 * @throws CliError when the file cannot be read, UsageError for a flag without '='
 */
export function readSettings(
  disk: Disk,
  options: { file?: string | undefined; flags: readonly string[]; environment?: EnvironmentSettings },
): GatheredSettings {
  const { file, flags, environment = emptyEnvironment } = options;
  const settings = new Map(environment.settings);
  const sources = new Map(environment.variables);
  const set = (name: string, value: string, source: string) => {
    settings.set(name, value);
    sources.set(name, source);
  };
  if (file !== undefined) for (const [name, value] of parseProperties(readText(disk, file))) set(name, value, `--properties=${file}`);
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    if (equals <= 0) throw new UsageError('--config', flag, 'a setting is written name=value', 'As in --config log.retention.ms=3600000');
    set(flag.slice(0, equals).trim(), flag.slice(equals + 1).trim(), '--config');
  }
  return { settings, sources };
}

/** Does a broker with these settings acknowledge what only the operating system has? Apache Kafka always does. */
export function acknowledgesBeforeSync(settings: ReadonlyMap<string, string>): boolean {
  return settings.get('log.flush.mode')?.trim() === 'os';
}

function readText(disk: Disk, path: string): string {
  try {
    return disk.readFile(path).toString('utf8');
  } catch (error) {
    if (error instanceof DiskError)
      throw new CliError(`--properties=${path}: the file cannot be read (${error.code}).`, exitCodes.usage, { cause: error });
    throw error;
  }
}
