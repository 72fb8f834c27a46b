import type { DurationHistogram } from '#platform';
import { type Collector, histogram, type Scrape } from '../definition.ts';

/** Requests that are alike. */
export interface HttpTime {
  readonly method: string;
  /** As a pattern, of which there are only so many. */
  readonly route: string;
  readonly status: number;
  readonly times: DurationHistogram;
}

/** What whoever serves HTTP has counted. */
export interface HttpDurations {
  all(): readonly HttpTime[];
}

const duration = histogram(
  'kafkalite_http_request_duration_seconds',
  'broker',
  ['method', 'route', 'status'],
  'How long HTTP requests take, from their headers to the end of the answer. The route is a pattern; what is at no route has an empty one.',
);

/** HTTP on the broker's port. */
export function httpCollector(durations: HttpDurations): Collector {
  return {
    title: 'HTTP',
    metrics: [duration],
    collect({ sheet }: Scrape): void {
      for (const { method, route, status, times } of durations.all()) sheet.durations(duration, times, method, route, status);
    },
  };
}
