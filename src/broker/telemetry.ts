import type { Services } from './context.ts';
import type { MetadataChanges } from './metadata-changes.ts';
import type { RequestTimes } from './request-times.ts';

/** What there is to see of a running broker, for those who watch it: nothing here changes anything, and nothing waits. */
export interface Telemetry {
  readonly services: Services;
  readonly requestTimes: RequestTimes;
  readonly changes: MetadataChanges;
  readonly connections: {
    /** Of those that speak Kafka's protocol, by listener. */
    readonly kafka: readonly (readonly [listener: string, count: number])[];
    readonly http: number;
    /** Since the start. */
    readonly refused: number;
  };
  readonly state: 'starting' | 'running' | 'stopping';
}
