import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allCollectors, scrapeMetrics } from '#metrics';

const root = join(import.meta.dirname, '..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const alerts = text('deploy/prometheus/alerts.yml');
const dashboard = text('deploy/grafana/dashboards/kafka-lite-cluster.json');

const collectors = allCollectors({ cluster: {} as never, http: { all: () => [] }, process: () => [] });
const definitions = [...collectors.flatMap(({ metrics }) => metrics), ...scrapeMetrics];
const series = new Set(
  definitions.flatMap(({ name, type }) => {
    if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
    return type === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name];
  }),
);

test('no two metrics have one name, and counters are named as such', () => {
  const names = definitions.map(({ name }) => name);

  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const { name, type } of definitions) expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
});

test.each([
  ['the alerts', alerts],
  ['the dashboard', dashboard],
])('%s ask for metrics that there are', (_, asking) => {
  const asked = new Set(
    asking.match(/\b(kafka|kafkalite|process|nodejs)_[a-z0-9_]+(?=[[{) ]| *$)/gm)!.filter((name) => name !== 'kafka_cluster'),
  );
  expect(asked.size).toBeGreaterThan(10);

  const fromProcess = ['process_cpu_seconds_total', 'process_resident_memory_bytes'];
  expect([...asked].filter((name) => !series.has(name) && !fromProcess.includes(name))).toEqual([]);
});

test('every alert is explained, and none that there is not', () => {
  const page = text('docs/operating/metrics.md');

  expect([...page.matchAll(/^\| (KafkaLite\w+) \|/gm)].map(([, name]) => name).sort()).toEqual(
    [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name).sort(),
  );
});
