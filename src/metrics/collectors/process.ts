import { collectDefaultMetrics, Registry } from 'prom-client';
import { EventLoopIdleness } from '#platform';
import { type Collector, gauge, type MetricDefinition, type Scrape, summary } from '../definition.ts';
import type { Family, Line } from '../sheet.ts';

/** How often the event loop's delay is measured; what is measured contains that time. */
const precisionMs = 10;

const lag = summary(
  'kafkalite_event_loop_lag_seconds',
  'broker',
  [],
  'By how much the event loop was late since the last scrape: while it is late, nobody is answered.',
);
const idle = (name: string) =>
  gauge(
    name,
    'broker',
    [],
    'The part of the time since the last scrape in which the event loop, which does all the work, had nothing to do.',
  );
const networkIdle = idle('kafka_network_socketserver_networkprocessoravgidle_percent');
const handlersIdle = idle('kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent');

const quantiles: Readonly<Record<string, string>> = {
  nodejs_eventloop_lag_p50_seconds: '0.5',
  nodejs_eventloop_lag_p90_seconds: '0.9',
  nodejs_eventloop_lag_p99_seconds: '0.99',
  nodejs_eventloop_lag_max_seconds: '1',
};

/** What prom-client tells of a process, made when it is first wanted: it watches the process from then on. One for all brokers that share it. */
let registry: Registry | undefined;

/** process_* and nodejs_*. */
export async function processFamilies(): Promise<Family[]> {
  if (registry === undefined) collectDefaultMetrics({ register: (registry = new Registry()), eventLoopMonitoringPrecision: precisionMs });
  const found = await registry.getMetricsAsJSON();
  const families = found.map(({ name, help, type, ...rest }) => ({
    definition: { name, help, type: type as unknown as MetricDefinition['type'] },
    lines: ('values' in rest ? rest.values : []) as readonly Line[],
  }));
  // Where the event loop was not measured yet there is no mean, and the least of nothing is a very large number.
  const isMeasured = families.every(
    ({ definition, lines }) => definition.name !== 'nodejs_eventloop_lag_mean_seconds' || isNumber(lines[0]),
  );
  return families.filter(({ definition }) => isMeasured || !/^nodejs_eventloop_lag_\w+_seconds$/.test(definition.name));
}

function isNumber(line: Line | undefined): boolean {
  return line !== undefined && !Number.isNaN(line.value);
}

/** The event loop, under the names for it that are not Node's. */
export function eventLoopCollector(families: () => readonly Family[]): Collector {
  const idleness = new EventLoopIdleness();
  return {
    title: 'Event loop',
    metrics: [lag, networkIdle, handlersIdle],
    collect({ sheet }: Scrape): void {
      const found = families().flatMap(({ definition, lines }): (readonly [string, number])[] => {
        const quantile = quantiles[definition.name];
        return quantile === undefined || lines[0] === undefined ? [] : [[quantile, Math.max(0, lines[0].value - precisionMs / 1000)]];
      });
      if (found.length > 0) sheet.quantiles(lag, found, undefined);
      const part = idleness.look();
      sheet.set(networkIdle, part);
      sheet.set(handlersIdle, part);
    },
  };
}
