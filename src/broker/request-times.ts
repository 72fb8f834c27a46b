import { DurationHistogram } from '#platform';
import type { Api } from '#protocol';

/** Who asks: fetches of followers wait for what producers write, those of consumers for what is committed, and neither says anything of the other. */
export type Asker = 'client' | 'follower';

/** What requests of one API in one version have taken since the broker started. */
export interface RequestTime {
  readonly api: Api;
  readonly version: number;
  readonly asker: Asker;
  /** From the frame to the bytes of its answer. */
  readonly total: DurationHistogram;
  /** Of that, what was done at once, and what the answer waited for: the disk, other brokers, records to come. */
  readonly local: DurationHistogram;
  readonly remote: DurationHistogram;
}

/** How long requests take, by API and version. */
export class RequestTimes {
  readonly #times = new Map<number, RequestTime>();

  of(api: Api, version: number, asker: Asker): RequestTime {
    const key = (api.key * 64 + version) * 2 + (asker === 'client' ? 0 : 1);
    let time = this.#times.get(key);
    if (time === undefined) {
      time = { api, version, asker, total: new DurationHistogram(), local: new DurationHistogram(), remote: new DurationHistogram() };
      this.#times.set(key, time);
    }
    return time;
  }

  all(): readonly RequestTime[] {
    return [...this.#times.values()];
  }
}
