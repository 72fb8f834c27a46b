import { type Metric, Registry } from 'prom-client';
import type { Family } from './sheet.ts';

/** How metrics are written: as Prometheus always did, or as OpenMetrics has it. */
export type Format = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<Format, string>> = {
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
};

/**
 * Writes families down, one after the other. The values are given to prom-client as they are, not through metrics of its own, which would make a key of the labels for each.
 * @param breathe called between two of them
 */
export async function render(families: readonly Family[], format: Format, breathe: () => Promise<void>): Promise<string> {
  const registry = new Registry();
  registry.setContentType(contentTypes[format] as typeof Registry.PROMETHEUS_CONTENT_TYPE);
  const texts: string[] = [];
  for (const family of families) {
    const metric = asMetric(family, format);
    registry.registerMetric(metric as unknown as Metric);
    texts.push(await registry.getSingleMetricAsString(metric.name));
    await breathe();
  }
  return format === 'openmetrics' ? `${[...texts, '# EOF'].join('\n')}\n` : `${texts.join('\n\n')}\n`;
}

/** OpenMetrics names a counter without the `_total` that its lines have; the registry adds it to them. */
function asMetric({ definition: { name: given, type, help }, lines }: Family, format: Format) {
  const name = format === 'openmetrics' && type === 'counter' ? given.replace(/_total$/, '') : given;
  return { name, get: async () => ({ name, type, help, values: lines }) };
}
