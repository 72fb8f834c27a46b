import { type Collector, counter, gauge, type Scrape } from '../definition.ts';

const connections = gauge(
  'kafka_server_socket_server_metrics_connection_count',
  'broker',
  ['listener'],
  "Open connections of Kafka's protocol, by listener; those of HTTP, which is spoken on the same ports, under HTTP.",
);
const refused = counter(
  'kafkalite_connections_refused_total',
  'broker',
  [],
  'Connections that were not taken, as max.connections or max.connections.per.ip was reached.',
);
const state = gauge('kafka_server_kafkaserver_brokerstate', 'broker', [], "In Kafka's numbers: 1 starting, 3 in service, 6 shutting down.");
const appliedOffset = gauge(
  'kafka_server_brokermetadatametrics_last_applied_record_offset',
  'broker',
  [],
  'Up to which offset of the metadata log this broker acts on it.',
);
const appliedTimestamp = gauge(
  'kafka_server_brokermetadatametrics_last_applied_record_timestamp',
  'broker',
  [],
  'When that record was written, in milliseconds since 1970.',
);

const stateNumbers = { starting: 1, running: 3, stopping: 6 } as const;

/** The broker itself. */
export function serverCollector(): Collector {
  return { title: 'Broker', metrics: [state, connections, refused, appliedOffset, appliedTimestamp], collect };
}

function collect({ telemetry, sheet }: Scrape): void {
  const { image } = telemetry.services;
  sheet.set(state, stateNumbers[telemetry.state]);
  for (const [listener, count] of telemetry.connections.kafka) sheet.set(connections, count, listener);
  sheet.set(connections, telemetry.connections.http, 'HTTP');
  sheet.set(refused, telemetry.connections.refused);
  sheet.set(appliedOffset, image.offset);
  if (image.offset >= 0n) sheet.set(appliedTimestamp, image.timestamp);
}
