/**
 * What a broker says of itself for Prometheus, under the names that public dashboards and alerts ask for. Everything is read when somebody asks: the folders below count
 * in plain numbers, and know nothing of this one.
 */

export type { HttpDurations, HttpTime } from './collectors/http.ts';
export { allCollectors } from './collectors/index.ts';
export type { Collector, MetricDefinition, MetricSource } from './definition.ts';
export { type Detail, Metrics, type MetricsOptions, scrapeMetrics } from './metrics.ts';
