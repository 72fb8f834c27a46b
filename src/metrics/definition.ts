import type { Telemetry } from '#broker';
import type { Sheet } from './sheet.ts';

/**
 * Which broker tells it. What is about the cluster comes from one broker, so that a sum over all brokers is right: from the active controller, a partition's leader, or a
 * group's coordinator.
 */
export type MetricSource = 'broker' | 'controller' | 'leader' | 'coordinator' | 'replica';

/** A metric as `/metrics` shows it: its name, and what Prometheus and people have to know of it. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly from: MetricSource;
  readonly labels: readonly string[];
  readonly help: string;
}

type Labels = readonly string[];

export function counter(name: string, from: MetricSource, labels: Labels, help: string): MetricDefinition {
  return { name, type: 'counter', from, labels, help };
}

export function gauge(name: string, from: MetricSource, labels: Labels, help: string): MetricDefinition {
  return { name, type: 'gauge', from, labels, help };
}

/** Of durations, in seconds. */
export function histogram(name: string, from: MetricSource, labels: Labels, help: string): MetricDefinition {
  return { name, type: 'histogram', from, labels, help };
}

/** Quantiles of what was lately; that is their further label. */
export function summary(name: string, from: MetricSource, labels: Labels, help: string): MetricDefinition {
  return { name, type: 'summary', from, labels, help };
}

/** One reading of a broker. */
export interface Scrape {
  readonly telemetry: Telemetry;
  readonly sheet: Sheet;
  /** Is there to be a series for each partition? Otherwise for each topic. */
  readonly eachPartition: boolean;
  /** How many series of one kind may be told of groups, and of topics that nobody uses; what would be more is added up or left out. */
  readonly mostSeries: number;
  /** To be awaited now and then in what may take long: lets others run when this has held them up. */
  breathe(): Promise<void>;
}

/** What belongs together: some metrics, and how their values are found. */
export interface Collector {
  /** For people. */
  readonly title: string;
  readonly metrics: readonly MetricDefinition[];
  collect(scrape: Scrape): void | Promise<void>;
}
