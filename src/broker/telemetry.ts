import type { KafkaServer } from '#transport';
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

/** Put together of what a broker is made of; everything is read when somebody looks. */
export function telemetryOf({
  servers,
  state,
  ...parts
}: Pick<Telemetry, 'services' | 'requestTimes' | 'changes'> & {
  readonly servers: readonly { readonly name: string; readonly server: KafkaServer }[];
  state(): Telemetry['state'];
}): Telemetry {
  return {
    ...parts,
    get connections() {
      return {
        kafka: servers.map(({ name, server }) => [name, server.kafkaConnectionCount] as const),
        http: servers.reduce((sum, { server }) => sum + server.connectionCount - server.kafkaConnectionCount, 0),
        refused: servers.reduce((sum, { server }) => sum + server.refusedConnections, 0),
      };
    },
    get state() {
      return state();
    },
  };
}
