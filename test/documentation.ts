import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from '#broker/handler.ts';
import { allHandlers } from '#broker/handlers/index.ts';
import { brokerConfigs, type ConfigDefinition, topicConfigs } from '#metadata';
import { allCollectors, type MetricDefinition, type MetricSource, scrapeMetrics } from '#metrics';

const root = join(import.meta.dirname, '..');

/** The pages that are made from the code, and how. `node test/documentation.ts` (`npm run docs`) writes them anew. */
export const madePages: readonly { readonly path: string; render(): string }[] = [
  { path: 'docs/reference/configuration.md', render: renderConfiguration },
  { path: 'docs/reference/apis.md', render: renderApis },
  { path: 'docs/reference/metrics.md', render: renderMetrics },
];

function renderConfiguration(): string {
  return page(
    '# Configuration',
    '',
    '<!-- Made from the tables in src/metadata/configs by `npm run docs`; a test compares the two. -->',
    '',
    "Names, types and defaults are Kafka's; what has no counterpart in Kafka is `flush.mode` and `log.flush.mode`. A topic's settings are given when it is created or with",
    'Kafka\'s `kafka-configs`, a broker\'s with `--config name=value`, a properties file (`--properties FILE`), or, those marked "while running", with `kafka-configs` too.',
    '',
    'Settings that are not marked "acts" are taken and shown, so that tools and data of Apache Kafka pass, and have no effect here; the sentence says why that is harmless.',
    '',
    '## Topics',
    '',
    ...configTable(topicConfigs),
    '',
    '## Brokers',
    '',
    ...configTable(brokerConfigs),
  );
}

function configTable(definitions: ReadonlyMap<string, ConfigDefinition>): string[] {
  const rows = [...definitions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    '| name | type | default | acts | |',
    '|---|---|---|---|---|',
    ...rows.map(({ name, type, default: value, effect, dynamic, doc }) => {
      const sentence = `${doc}${dynamic ? ' Can be changed while running.' : ''}`;
      return `| \`${name}\` | ${type} | ${value === null || value === '' ? '' : `\`${value}\``} | ${effect === 'acts' ? 'yes' : ''} | ${sentence.replaceAll('|', '\\|')} |`;
    }),
  ];
}

function renderApis(): string {
  const served = allHandlers(() => {
    throw new Error('nothing is dispatched here');
  });
  const isForClients = ({ api }: Handler) => api.listeners.includes('broker');
  return page(
    '# Kafka APIs',
    '',
    '<!-- Made from the list in src/broker/handlers by `npm run docs`; a test compares the two. -->',
    '',
    "What a broker serves of Apache Kafka 4.4's protocol, by API key. A client learns the same from ApiVersions.",
    '',
    '- "controller": any broker takes the request and passes it on. Whatever names partitions to read, write or cut goes to their leader, as with any Kafka.',
    '- Produce is advertised from version 0, since librdkafka takes a higher minimum for a broker that is too old; below 3 it is refused.',
    '',
    '## For clients and tools',
    '',
    '| key | API | versions | where | |',
    '|---|---|---|---|---|',
    ...served.filter(isForClients).map((handler) => apiRow(handler, handler.place === 'controller' ? 'controller' : 'here')),
    '',
    '## Between brokers',
    '',
    'On the same port: the quorum of the metadata log, and what brokers ask the controller.',
    '',
    '| key | API | versions | |',
    '|---|---|---|---|',
    ...served.filter((handler) => !isForClients(handler)).map((handler) => apiRow(handler)),
  );
}

function apiRow({ api, versions: { min, max } }: Handler, ...columns: readonly string[]): string {
  const cells = [api.key, api.name, min === max ? min : `${min}-${max}`, ...columns, sentenceOf(api.name)];
  return `| ${cells.join(' | ')} |`;
}

/** What an API is for: the comment above its definition. */
function sentenceOf(apiName: string): string {
  const file = `${apiName.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()}.ts`;
  const source = readFileSync(join(root, 'src', 'protocol', 'apis', file), 'utf8');
  const comment = /\/\*\*((?:(?!\*\/).)*)\*\/\s*export const \w+ = defineApi/s.exec(source)?.[1];
  if (comment === undefined) throw new Error(`apis/${file} does not say what ${apiName} is for`);
  return comment
    .replaceAll(/\s*\n \*\s*/g, ' ')
    .trim()
    .replace(`${apiName}: `, '');
}

function renderMetrics(): string {
  const unused = () => {
    throw new Error('nothing is collected here');
  };
  const collectors = allCollectors({ cluster: { send: unused } as never, http: { all: unused }, process: unused });
  return page(
    '# Metrics by name',
    '',
    '<!-- Made from the definitions in src/metrics by `npm run docs`; a test compares the two. -->',
    '',
    'What `/metrics` shows. [Metrics](../operating/metrics.md) says how to scrape it, and what to do when an alert fires.',
    '',
    ...Object.entries(sources).map(([source, sentence]) => `- "${source}": ${sentence}`),
    '',
    '"Per partition" marks what is shown in clusters of up to 1,000 partitions, and beyond only with `?detail=partition`; for groups the 1,000 are the partitions that those of one coordinator have committed',
    'offsets for.',
    ...collectors.flatMap(({ title, metrics }) => ['', `## ${title}`, '', ...metricTable(metrics)]),
    '',
    '## The scrape itself',
    '',
    ...metricTable(scrapeMetrics),
    '',
    '## The process',
    '',
    '`process_*` and `nodejs_*` are those of prom-client: CPU, memory, open files, heap, garbage collection. Brokers that share a process show the same.',
  );
}

const sources: Readonly<Record<MetricSource, string>> = {
  broker: 'every broker tells its own part; a sum over all brokers is that of the cluster.',
  controller: 'the active controller tells it, so that it is there once.',
  leader: "a partition's leader tells it; the controller while nobody leads, where it knows it.",
  replica: 'every replica tells of its own copy.',
  coordinator: 'the broker that coordinates the group tells it.',
};

function metricTable(metrics: readonly MetricDefinition[]): string[] {
  return [
    '| name | type | labels | from | |',
    '|---|---|---|---|---|',
    ...metrics.map(({ name, type, labels, from, help }) => {
      const notes = labels.includes('partition') ? ' Per partition.' : '';
      return `| \`${name}\` | ${type} | ${labels.join(', ')} | ${from} | ${help}${notes} |`;
    }),
  ];
}

function page(...lines: readonly string[]): string {
  return [...lines, ''].join('\n');
}

if (process.argv[1] === import.meta.filename) for (const { path, render } of madePages) writeFileSync(join(root, path), render());
