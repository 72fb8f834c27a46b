import assert from 'node:assert/strict';
import type { DurationHistogram } from '#platform';
import type { MetricDefinition } from './definition.ts';

export type LabelValue = string | number;

/** One line: a value under its labels, and under a name of its own where a metric has several (`_bucket`, `_sum`, `_count`). */
export interface Line {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, LabelValue>>;
  readonly value: number;
}

export interface Family {
  readonly definition: Pick<MetricDefinition, 'name' | 'type' | 'help'>;
  readonly lines: readonly Line[];
}

/** The buckets that are shown: a part of those that are counted. */
const shownEdgesMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** The values of one scrape. */
export class Sheet {
  readonly #lines = new Map<MetricDefinition, Line[]>();

  /** @param labels in the order of the definition's */
  set(definition: MetricDefinition, value: number | bigint, ...labels: readonly LabelValue[]): void {
    this.#of(definition).push({ labels: named(definition, labels), value: Number(value) });
  }

  /** In seconds, as Prometheus counts. */
  durations(definition: MetricDefinition, times: DurationHistogram, ...labels: readonly LabelValue[]): void {
    const { name } = definition;
    const own = named(definition, labels);
    const lines = this.#of(definition);
    for (const edgeMs of shownEdgesMs)
      lines.push({ metricName: `${name}_bucket`, labels: { ...own, le: edgeMs / 1000 }, value: times.atMost(edgeMs) });
    lines.push({ metricName: `${name}_bucket`, labels: { ...own, le: '+Inf' }, value: times.count });
    lines.push({ metricName: `${name}_sum`, labels: own, value: times.sumMs / 1000 });
    lines.push({ metricName: `${name}_count`, labels: own, value: times.count });
  }

  /** @param quantiles by how they are written @param totals of all there was since the start, in the unit of the quantiles */
  quantiles(
    definition: MetricDefinition,
    quantiles: readonly (readonly [quantile: string, value: number])[],
    totals: { readonly sum: number; readonly count: number } | undefined,
    ...labels: readonly LabelValue[]
  ): void {
    const { name } = definition;
    const own = named(definition, labels);
    const lines = this.#of(definition);
    for (const [quantile, value] of quantiles) lines.push({ labels: { ...own, quantile }, value });
    if (totals === undefined) return;
    lines.push({ metricName: `${name}_sum`, labels: own, value: totals.sum });
    lines.push({ metricName: `${name}_count`, labels: own, value: totals.count });
  }

  /** Those that have a value, in the order of the definitions. */
  families(definitions: readonly MetricDefinition[]): Family[] {
    return definitions.flatMap((definition) => {
      const lines = this.#lines.get(definition);
      return lines === undefined ? [] : [{ definition, lines }];
    });
  }

  #of(definition: MetricDefinition): Line[] {
    let lines = this.#lines.get(definition);
    if (lines === undefined) this.#lines.set(definition, (lines = []));
    return lines;
  }
}

function named({ name, labels: names }: MetricDefinition, values: readonly LabelValue[]): Record<string, LabelValue> {
  assert(values.length === names.length, `${name} has the labels ${names.join(', ')}`);
  const labels: Record<string, LabelValue> = {};
  for (const [index, label] of names.entries()) labels[label] = values[index]!;
  return labels;
}
