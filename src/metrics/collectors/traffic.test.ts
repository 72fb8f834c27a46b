import { expect, test } from 'vitest';
import { TopicTraffic } from '#replication';
import type { Scrape } from '../definition.ts';
import { Sheet } from '../sheet.ts';
import { trafficCollector } from './traffic.ts';

test.each([
  { of: 'few topics all are told of', topics: 2, told: ['busy', 'idle-0'] },
  { of: 'many topics those are told of that are used', topics: 3, told: ['busy'] },
])('of $of', async ({ topics, told }) => {
  const busy = Object.assign(new TopicTraffic(), { bytesOut: 7 });
  const idle = Array.from({ length: topics - 1 }, (_, i) => [`idle-${i}`, new TopicTraffic()] as const);
  const services = { partitions: { traffic: new Map([['busy', busy], ...idle]) } };
  const sheet = new Sheet();
  const collector = trafficCollector();

  await collector.collect({ telemetry: { services }, sheet, mostSeries: 2 } as unknown as Scrape);

  for (const { definition, lines } of sheet.families(collector.metrics)) {
    expect(lines.map(({ labels }) => labels['topic'])).toEqual(told);
    expect(lines[0]!.value).toBe(definition.name === 'kafka_server_brokertopicmetrics_bytesout_total' ? 7 : 0);
  }
});
