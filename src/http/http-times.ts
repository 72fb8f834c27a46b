import type { HttpDurations, HttpTime } from '#metrics';
import { DurationHistogram } from '#platform';

/** How long HTTP requests take, by route and status. Routes are named by their pattern, so that there are only so many. */
export class HttpTimes implements HttpDurations {
  readonly #times = new Map<string, HttpTime>();

  observe(method: string, route: string, status: number, durationMs: number): void {
    const key = `${method} ${status} ${route}`;
    let found = this.#times.get(key);
    if (found === undefined) this.#times.set(key, (found = { method, route, status, times: new DurationHistogram() }));
    found.times.observe(durationMs);
  }

  all(): readonly HttpTime[] {
    return [...this.#times.values()];
  }
}
