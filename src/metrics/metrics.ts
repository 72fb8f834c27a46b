import type { RequestRouter, Telemetry } from '#broker';
import { type Clock, type Logger, sleep } from '#platform';
import type { HttpDurations } from './collectors/http.ts';
import { allCollectors } from './collectors/index.ts';
import { processFamilies } from './collectors/process.ts';
import { type Collector, gauge, type MetricDefinition } from './definition.ts';
import { contentTypes, type Format, render } from './render.ts';
import { type Family, Sheet } from './sheet.ts';
import { WatchedCluster } from './watched-cluster.ts';

/** What may be asked for beyond what is told anyway: a series for each partition, however many there are. */
export type Detail = 'partition';

export interface MetricsOptions {
  readonly telemetry: Telemetry;
  readonly router: Pick<RequestRouter, 'send'>;
  readonly http: HttpDurations;
  readonly clock: Clock;
  readonly log: Logger;
}

/** In a cluster of more partitions there are series for topics only, unless more is asked for; the same for what groups have read. */
const mostSeries = 1000;
/** Nobody else is held up for longer. */
const longestTurnMs = 5;

const succeeded = gauge(
  'kafkalite_scrape_success',
  'broker',
  ['collector'],
  '1 when all of this part could be read, 0 when it failed; the log says why.',
);
const took = gauge('kafkalite_scrape_duration_seconds', 'broker', ['collector'], 'How long it took to read this part.');

/** What is told of the telling. */
export const scrapeMetrics: readonly MetricDefinition[] = [succeeded, took];

/** The metrics of one broker. */
export class Metrics {
  readonly #options: MetricsOptions;
  readonly #collectors: readonly Collector[];
  #process: readonly Family[] = [];

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#collectors = allCollectors({
      cluster: new WatchedCluster(options.router, options.clock),
      http: options.http,
      process: () => this.#process,
    });
  }

  /** Reads everything and writes it down. What cannot be told at the moment is left out. */
  async read({ detail, format }: { detail?: Detail | undefined; format: Format }): Promise<{ contentType: string; text: string }> {
    const { telemetry, clock } = this.#options;
    const breathe = breathing(clock);
    const sheet = new Sheet();
    this.#process = await processFamilies();
    const scrape = {
      telemetry,
      sheet,
      breathe,
      eachPartition: detail === 'partition' || partitionsOf(telemetry) <= mostSeries,
      mostSeries: detail === 'partition' ? Number.POSITIVE_INFINITY : mostSeries,
    };
    for (const collector of this.#collectors) {
      const began = clock.monotonic();
      const isGood = await this.#collect(collector, scrape);
      const name = collector.title
        .toLowerCase()
        .replaceAll(/[^a-z]+/g, '_')
        .replace(/_$/, '');
      sheet.set(succeeded, isGood ? 1 : 0, name);
      sheet.set(took, (clock.monotonic() - began) / 1000, name);
      await breathe();
    }
    const definitions = [...this.#collectors.flatMap(({ metrics }) => metrics), ...scrapeMetrics];
    const text = await render([...sheet.families(definitions), ...this.#process], format, breathe);
    return { contentType: contentTypes[format], text };
  }

  async #collect(collector: Collector, scrape: Parameters<Collector['collect']>[0]): Promise<boolean> {
    try {
      await collector.collect(scrape);
      return true;
    } catch (error) {
      this.#options.log.error({ err: error, collector: collector.title }, 'a part of the metrics could not be read');
      return false;
    }
  }
}

function partitionsOf({ services: { image } }: Telemetry): number {
  return image.topics.all().reduce((sum, { partitions }) => sum + partitions.length, 0);
}

/** Lets others run once this has run for a while. */
function breathing(clock: Clock): () => Promise<void> {
  let began = clock.monotonic();
  return async () => {
    if (clock.monotonic() - began < longestTurnMs) return;
    await sleep(clock, 0);
    began = clock.monotonic();
  };
}
