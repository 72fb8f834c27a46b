import type { TopicTraffic } from '#replication';
import { type Collector, counter, type Scrape } from '../definition.ts';

const perTopic = (name: string, help: string) => counter(`kafka_server_brokertopicmetrics_${name}_total`, 'broker', ['topic'], help);

/** Which number is shown as what. */
const counted: readonly (readonly [ReturnType<typeof perTopic>, keyof TopicTraffic])[] = [
  [perTopic('messagesin', 'Records that were written to partitions led here, by producers and coordinators.'), 'messagesIn'],
  [perTopic('bytesin', 'Bytes of these, as they are on the disk: compressed, with their batch headers.'), 'bytesIn'],
  [perTopic('bytesout', 'Bytes of batches that were given to consumers.'), 'bytesOut'],
  [perTopic('replicationbytesin', 'Bytes that were copied from leaders on other brokers.'), 'replicationBytesIn'],
  [perTopic('replicationbytesout', 'Bytes that were given to followers.'), 'replicationBytesOut'],
  [perTopic('totalproducerequests', 'Batches that producers sent to partitions led here.'), 'produceRequests'],
  [perTopic('failedproducerequests', 'Of these, those that were refused, or that were not committed in time.'), 'failedProduceRequests'],
  [perTopic('totalfetchrequests', 'Partitions that were read in fetches of consumers, each fetch counted once.'), 'fetchRequests'],
  [
    perTopic('failedfetchrequests', 'Of these, those that failed; that another broker leads, or the offset is gone, is no failure.'),
    'failedFetchRequests',
  ],
];

/** What goes in and out, by topic. There is no series without a topic, so that sums are right. */
export function trafficCollector(): Collector {
  return { title: 'Traffic', metrics: counted.map(([metric]) => metric), collect };
}

function collect({ telemetry, sheet, mostSeries }: Scrape): void {
  const { traffic: all } = telemetry.services.partitions;
  for (const [topic, traffic] of all) {
    if (all.size > mostSeries && !hasTraffic(traffic)) continue;
    for (const [metric, what] of counted) sheet.set(metric, traffic[what], topic);
  }
}

function hasTraffic(traffic: TopicTraffic): boolean {
  return counted.some(([, what]) => traffic[what] > 0);
}
