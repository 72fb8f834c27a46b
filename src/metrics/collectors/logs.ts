import { type Collector, gauge, histogram, type Scrape } from '../definition.ts';

const place = ['topic', 'partition'];

const size = gauge('kafka_log_log_size', 'replica', place, 'Bytes of the log, as kafka-log-dirs shows them.');
const start = gauge('kafka_log_log_logstartoffset', 'replica', place, 'The first offset of this replica.');
const end = gauge(
  'kafka_log_log_logendoffset',
  'replica',
  place,
  'The offset that the next record gets in this replica, committed or not.',
);
const segments = gauge('kafka_log_log_numlogsegments', 'replica', place, 'Segments of the log.');
const topicSize = gauge('kafkalite_topic_log_size_bytes', 'broker', ['topic'], 'Bytes of all replicas of the topic on this broker.');
const offlineDirectories = gauge(
  'kafka_log_logmanager_offlinelogdirectorycount',
  'broker',
  [],
  '1 when the data directory has failed and nothing on it is used any more, else 0.',
);
const freeBytes = gauge(
  'kafkalite_log_directory_free_bytes',
  'broker',
  [],
  'Bytes that can still be written to the disk of the data directory.',
);
const syncs = histogram('kafkalite_fsync_seconds', 'broker', [], 'How long the disk takes to make what was written durable (fdatasync).');

/** What is on the disk. */
export function logCollector(): Collector {
  return { title: 'Logs and disk', metrics: [size, start, end, segments, topicSize, offlineDirectories, freeBytes, syncs], collect };
}

async function collect(scrape: Scrape): Promise<void> {
  const { sheet, eachPartition } = scrape;
  const { partitions, logDirectory, freeBytes: free } = scrape.telemetry.services;
  const isOffline = logDirectory.state === 'offline';
  sheet.set(offlineDirectories, isOffline ? 1 : 0);
  sheet.durations(syncs, logDirectory.flusher.syncTimes);
  const left = isOffline ? undefined : free();
  if (left !== undefined) sheet.set(freeBytes, left);
  const sizes = new Map<string, number>();
  for (const { topic, index, log } of partitions.all()) {
    const bytes = log.size;
    sizes.set(topic, (sizes.get(topic) ?? 0) + bytes);
    if (eachPartition) {
      sheet.set(size, bytes, topic, index);
      sheet.set(start, log.logStartOffset, topic, index);
      sheet.set(end, log.logEndOffset, topic, index);
      sheet.set(segments, log.segmentOffsets.length, topic, index);
    }
    await scrape.breathe();
  }
  for (const [topic, bytes] of sizes) sheet.set(topicSize, bytes, topic);
}
