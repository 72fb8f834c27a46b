import type { Cluster } from '#client';
import { KafkaError } from '#protocol';
import { type DescribeConfigsResponse, describeConfigs } from '#protocol/apis/describe-configs.ts';
import { incrementalAlterConfigs } from '#protocol/apis/incremental-alter-configs.ts';
import { parseWhole } from '../addresses.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { AdminFlags } from './admin-flags.ts';
import { nearNames } from './did-you-mean.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { table } from './table.ts';
import { topicNamed } from './topic-named.ts';
import { withCluster } from './with-cluster.ts';

export interface ConfigFlags extends AdminFlags {
  all?: boolean;
  dryRun?: boolean;
}

export const kinds = { topic: 2, broker: 4, group: 32 } as const;
type Kind = keyof typeof kinds;
/** All brokers, as far as one has no setting of its own. */
const allBrokers = 'default';

type Entry = DescribeConfigsResponse['results'][number]['configs'][number];

const sources: Readonly<Record<number, string>> = {
  1: 'topic',
  2: 'broker',
  3: 'all brokers',
  4: 'file or flag',
  5: 'default',
  6: 'logger',
  7: 'client metrics',
  8: 'group',
};
const defaultSource = 5;

/** `config describe`: what is set, or with --all every setting. */
export async function configDescribe(kind: string, name: string, names: readonly string[], flags: ConfigFlags): Promise<ExitCode> {
  const resource = resourceOf(kind, name);
  await withCluster(flags, async (cluster) => {
    const entries = await entriesOf(cluster, resource);
    checkNames(names, entries);
    const shown = entries
      .filter((entry) => (names.length > 0 ? names.includes(entry.name) : flags.all || entry.configSource !== defaultSource))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    process.stdout.write(flags.json ? `${JSON.stringify(shown.map(asJson))}\n` : asText(shown, `${kind} ${name}`));
  });
  return exitCodes.ok;
}

/** `config set`: gives settings values, all or none of them. */
export function configSet(kind: string, name: string, settings: readonly string[], flags: ConfigFlags): Promise<ExitCode> {
  const configs = settings.map((setting) => {
    const at = setting.indexOf('=');
    if (at <= 0) throw new CliError(`${setting}: a setting is written name=value, as in retention.ms=3600000.`, exitCodes.usage);
    return { name: setting.slice(0, at).trim(), configOperation: 0, value: setting.slice(at + 1).trim() };
  });
  return alter(resourceOf(kind, name), configs, flags);
}

/** `config unset`: lets settings have the values that they would have by themselves. */
export function configUnset(kind: string, name: string, names: readonly string[], flags: ConfigFlags): Promise<ExitCode> {
  return alter(
    resourceOf(kind, name),
    names.map((each) => ({ name: each, configOperation: 1, value: null })),
    flags,
  );
}

interface Resource {
  readonly kind: Kind;
  readonly name: string;
}

function resourceOf(kind: string, name: string): Resource {
  const found = (Object.keys(kinds) as Kind[]).find((known) => known === kind);
  if (found === undefined) throw new CliError(`${kind}: settings belong to a topic, a broker or a group.`, exitCodes.usage);
  if (found === 'broker' && name !== allBrokers && parseWhole(name) === undefined)
    throw new UsageError('broker', name, 'this is no broker', `Write its id, or "${allBrokers}" for what all brokers have`);
  return { kind: found, name };
}

/** A broker is asked itself, and told itself what is its own; everything else anyone can answer. */
function asked({ kind, name }: Resource): { to: number | 'anyone'; resourceType: number; resourceName: string } {
  const isOne = kind === 'broker' && name !== allBrokers;
  return { to: isOne ? Number(name) : 'anyone', resourceType: kinds[kind], resourceName: kind === 'broker' && !isOne ? '' : name };
}

async function entriesOf(cluster: Cluster, resource: Resource): Promise<readonly Entry[]> {
  const { to, ...named } = asked(resource);
  await checkThere(cluster, resource);
  const { results } = await cluster.send(to, describeConfigs, { resources: [{ ...named, configurationKeys: null }] });
  const result = results[0]!;
  if (result.errorCode !== 'NONE') throw kafkaFailure(`${resource.kind} ${resource.name}`, result.errorCode, result.errorMessage);
  return result.configs;
}

async function alter(
  resource: Resource,
  configs: { name: string; configOperation: number; value: string | null }[],
  flags: ConfigFlags,
): Promise<ExitCode> {
  await withCluster(flags, async (cluster) => {
    checkNames(
      configs.map(({ name }) => name),
      await entriesOf(cluster, resource),
    );
    const { to, ...named } = asked(resource);
    const request = { resources: [{ ...named, configs }], validateOnly: flags.dryRun === true };
    const { responses } = await cluster.send(to, incrementalAlterConfigs, request, { timeoutMs: 30_000 });
    const { errorCode, errorMessage } = responses[0]!;
    if (errorCode !== 'NONE') throw kafkaFailure(`${resource.kind} ${resource.name}`, errorCode, errorMessage);
    const changed = configs.map(({ name, value }) => (value === null ? `${name} unset` : `${name}=${value}`)).join(', ');
    const done = flags.dryRun ? 'Would be taken' : 'Changed';
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ [resource.kind]: resource.name, changed: Object.fromEntries(configs.map(({ name, value }) => [name, value])), dryRun: flags.dryRun === true })}\n`
        : `${done} for ${resource.kind} ${resource.name}: ${changed}.\n`,
    );
  });
  return exitCodes.ok;
}

async function checkThere(cluster: Cluster, { kind, name }: Resource): Promise<void> {
  if (kind === 'topic') await topicNamed(cluster, name);
  if (kind !== 'broker' || name === allBrokers) return;
  try {
    await cluster.send(Number(name), describeConfigs, { resources: [] });
  } catch (error) {
    if (error instanceof KafkaError && error.errorName === 'BROKER_NOT_AVAILABLE')
      throw new CliError(`There is no broker ${name}.`, exitCodes.notFound, { cause: error });
    throw error;
  }
}

function checkNames(names: readonly string[], entries: readonly Entry[]): void {
  const known = entries.map(({ name }) => name);
  // A cluster that shows only what is set says nothing of the others.
  if (!entries.some(({ configSource }) => configSource === defaultSource)) return;
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const near = nearNames(wrong, known);
  const hint =
    near.length === 0 ? 'config describe --all shows those there are.' : `Did you mean ${near.map((each) => `"${each}"`).join(' or ')}?`;
  throw new CliError(`There is no setting "${wrong}". ${hint}`, exitCodes.usage);
}

function asText(entries: readonly Entry[], what: string): string {
  if (entries.length === 0) return `Nothing is set for ${what}; --all shows the defaults.\n`;
  const rows = entries.map(({ name, value, configSource, readOnly, isSensitive }) => [
    name,
    isSensitive ? '(hidden)' : (value ?? ''),
    sources[configSource] ?? '?',
    readOnly ? 'read-only' : '',
  ]);
  return table(['SETTING', 'VALUE', 'FROM', ''], rows);
}

function asJson({ name, value, configSource, readOnly, isSensitive }: Entry): object {
  return { name, value: isSensitive ? null : value, source: sources[configSource] ?? null, readOnly, sensitive: isSensitive };
}
