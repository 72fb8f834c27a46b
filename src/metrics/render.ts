import { type Metric, Registry } from 'prom-client';
import type { Family, Line } from './sheet.ts';

/** How metrics are written: as Prometheus always did, or as OpenMetrics has it. */
export type Format = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<Format, string>> = {
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
};

/** Written in one go. */
const linesAtOnce = 500;

/**
 * Writes families down, one after the other. The values are given to prom-client as they are, not through metrics of its own, which would make a key of the labels for each.
 * @param breathe called in between
 */
export async function render(families: readonly Family[], format: Format, breathe: () => Promise<void>): Promise<string> {
  const registry = new Registry();
  registry.setContentType(contentTypes[format] as typeof Registry.PROMETHEUS_CONTENT_TYPE);
  const texts: string[] = [];
  for (const { definition, lines } of families) {
    const parts: string[] = [];
    for (let from = 0; from === 0 || from < lines.length; from += linesAtOnce) {
      const metric = asMetric({ definition, lines: lines.slice(from, from + linesAtOnce) }, format);
      registry.clear();
      registry.registerMetric(metric as unknown as Metric);
      const text = await registry.getSingleMetricAsString(metric.name);
      parts.push(from === 0 ? text : withoutHead(text));
      await breathe();
    }
    texts.push(parts.join('\n'));
  }
  return format === 'openmetrics' ? `${[...texts, '# EOF'].join('\n')}\n` : `${texts.join('\n\n')}\n`;
}

/** OpenMetrics names a counter without the `_total` that its lines have; the registry adds it to them. */
function asMetric({ definition: { name: given, type, help }, lines }: Family, format: Format) {
  const name = format === 'openmetrics' && type === 'counter' ? given.replace(/_total$/, '') : given;
  return { name, get: async () => ({ name, type, help, values: lines.map(asValue) }) };
}

/** Given with each value, as prom-client makes and remembers an object of its own for each that comes without. */
const none = {};

function asValue(line: Line) {
  return { ...line, sharedLabels: none };
}

/** HELP and TYPE, a line each. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1);
}
