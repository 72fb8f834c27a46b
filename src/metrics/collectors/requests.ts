import type { RequestTime } from '#broker';
import { type Collector, counter, histogram, type Scrape, summary } from '../definition.ts';
import { RecentDurations } from '../recent.ts';

const duration = histogram(
  'kafkalite_request_duration_seconds',
  'broker',
  ['api', 'version'],
  "From a request's last byte to its answer, by API and version. Fetches of followers are FetchFollower; those of consumers include the time that they wait for records.",
);
const count = counter('kafka_network_requestmetrics_requests_total', 'broker', ['request', 'version'], 'Requests that were answered.');

const parts = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999];
/** As JMX exporters write them. */
const names = ['0.50', '0.75', '0.95', '0.98', '0.99', '0.999'];

const ofTimes = (name: string, help: string) =>
  summary(`kafka_network_requestmetrics_${name}`, 'broker', ['request'], `${help} Milliseconds, of the last one to two minutes.`);
const total = ofTimes('totaltimems', "From a request's last byte to its answer.");
const local = ofTimes('localtimems', 'The part of it in which this broker worked on the request.');
const remote = ofTimes('remotetimems', 'The part in which the request waited: for the disk, for other brokers, for records to come.');
/** A request is worked on when it is read, and its answer given to the system when it is ready: nothing of Kafka's queues is here. */
const none = 'Always 0, as there is no such queue here; for dashboards that add these times up.';
const queues = ['requestqueuetimems', 'responsequeuetimems', 'responsesendtimems'].map((name) =>
  summary(`kafka_network_requestmetrics_${name}`, 'broker', ['request'], none),
);
const noTimes = names.map((name) => [name, 0] as const);
/** What dashboards ask for there. */
const queued: ReadonlySet<string> = new Set(['Produce', 'Fetch', 'FetchConsumer', 'FetchFollower']);

/** How long requests take. */
export function requestCollector(): Collector {
  const recent = new Map<string, Record<'total' | 'local' | 'remote', RecentDurations>>();
  const recentOf = (request: string) => {
    let found = recent.get(request);
    if (found === undefined)
      recent.set(request, (found = { total: new RecentDurations(), local: new RecentDurations(), remote: new RecentDurations() }));
    return found;
  };
  return {
    title: 'Requests',
    metrics: [duration, count, total, local, remote, ...queues],
    collect({ telemetry, sheet }: Scrape): void {
      const now = telemetry.services.clock.monotonic();
      const times = telemetry.requestTimes.all();
      for (const time of times) {
        sheet.durations(duration, time.total, shownName(time), time.version);
        sheet.set(count, time.total.count, shownName(time), time.version);
      }
      for (const [request, those] of byRequest(times)) {
        const recently = recentOf(request);
        for (const [metric, what] of [
          [total, 'total'],
          [local, 'local'],
          [remote, 'remote'],
        ] as const) {
          const histograms = those.map((time) => time[what]);
          const values = recently[what].quantiles(histograms, parts, now);
          const totals = {
            sum: histograms.reduce((sum, { sumMs }) => sum + sumMs, 0),
            count: histograms.reduce((sum, { count: each }) => sum + each, 0),
          };
          sheet.quantiles(
            metric,
            values.map((value, index) => [names[index]!, value]),
            totals,
            request,
          );
        }
        if (queued.has(request)) for (const metric of queues) sheet.quantiles(metric, noTimes, undefined, request);
      }
    },
  };
}

function shownName({ api, asker }: RequestTime): string {
  return asker === 'follower' ? 'FetchFollower' : api.name;
}

/** As Kafka has it: Fetch is all fetches, and those of consumers and followers are told apart under two further names. */
function byRequest(times: readonly RequestTime[]): Map<string, RequestTime[]> {
  const requests = new Map<string, RequestTime[]>();
  const add = (name: string, time: RequestTime) => requests.set(name, [...(requests.get(name) ?? []), time]);
  for (const time of times) {
    add(time.api.name, time);
    if (time.api.name === 'Fetch') add(time.asker === 'follower' ? 'FetchFollower' : 'FetchConsumer', time);
  }
  return requests;
}
