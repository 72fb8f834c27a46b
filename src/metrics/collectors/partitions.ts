import type { PartitionImage, TopicImage } from '#metadata';
import type { Partition } from '#replication';
import { type Collector, gauge, type Scrape } from '../definition.ts';

const place = ['topic', 'partition'];

const currentOffset = gauge(
  'kafka_topic_partition_current_offset',
  'leader',
  place,
  'The offset that the next committed record gets: the high watermark, as kafka-get-offsets shows it.',
);
const oldestOffset = gauge('kafka_topic_partition_oldest_offset', 'leader', place, 'The first offset that is still there.');
const inSync = gauge('kafka_topic_partition_in_sync_replica', 'leader', place, 'Replicas in sync.');
const leader = gauge('kafka_topic_partition_leader', 'leader', place, 'The broker that leads the partition; -1 while none does.');
const isPreferred = gauge('kafka_topic_partition_leader_is_preferred', 'leader', place, '1 when the preferred replica leads, else 0.');
const replicas = gauge('kafka_topic_partition_replicas', 'leader', place, 'Replicas, in sync or not.');
const underReplicated = gauge(
  'kafka_topic_partition_under_replicated_partition',
  'leader',
  place,
  '1 when a replica is not in sync, else 0.',
);
const jmxUnderReplicated = gauge('kafka_cluster_partition_underreplicated', 'leader', place, 'The same under the name that JMX gives it.');
const underMinIsr = gauge(
  'kafka_cluster_partition_underminisr',
  'leader',
  place,
  '1 when fewer replicas are in sync than min.insync.replicas: nothing is written with acks=all.',
);
const atMinIsr = gauge(
  'kafka_cluster_partition_atminisr',
  'leader',
  place,
  '1 when just as many are in sync as min.insync.replicas: the next one that is lost stops writes.',
);

/** One series for each partition, from its leader; while nobody leads, what is known without it comes from the controller. */
export function partitionCollector(): Collector {
  return {
    title: 'Partitions',
    metrics: [
      currentOffset,
      oldestOffset,
      inSync,
      leader,
      isPreferred,
      replicas,
      underReplicated,
      jmxUnderReplicated,
      underMinIsr,
      atMinIsr,
    ],
    collect,
  };
}

async function collect(scrape: Scrape): Promise<void> {
  if (!scrape.eachPartition) return;
  const { image, nodeId, controller, partitions } = scrape.telemetry.services;
  for (const topic of image.topics.all()) {
    for (const partition of topic.partitions) {
      if (partition.leader === nodeId) {
        setImage(scrape, topic, partition);
        setOffsets(scrape, topic, partition, partitions.replica(topic.name, partition.partition));
      } else if (partition.leader < 0 && controller.isActive) setImage(scrape, topic, partition);
      await scrape.breathe();
    }
  }
}

function setImage({ sheet, telemetry }: Scrape, topic: TopicImage, partition: PartitionImage): void {
  const { configs, image } = telemetry.services;
  const labels = [topic.name, partition.partition] as const;
  const minIsr = configs.minInsyncReplicas(image, topic.name, partition.partition);
  const isUnderReplicated = partition.isr.length < partition.replicas.length ? 1 : 0;
  sheet.set(inSync, partition.isr.length, ...labels);
  sheet.set(leader, partition.leader, ...labels);
  sheet.set(isPreferred, partition.leader === partition.replicas[0] ? 1 : 0, ...labels);
  sheet.set(replicas, partition.replicas.length, ...labels);
  sheet.set(underReplicated, isUnderReplicated, ...labels);
  sheet.set(jmxUnderReplicated, isUnderReplicated, ...labels);
  sheet.set(underMinIsr, partition.isr.length < minIsr ? 1 : 0, ...labels);
  sheet.set(atMinIsr, partition.isr.length === minIsr ? 1 : 0, ...labels);
}

/** A leader that has just been elected may know less than was told before, and then tells nothing. */
function setOffsets(
  { sheet }: Scrape,
  { id, name }: TopicImage,
  { partition: index }: PartitionImage,
  partition: Partition | undefined,
): void {
  if (partition?.topicId !== id || partition.leader === undefined || partition.isCatchingUpWithCommits) return;
  sheet.set(currentOffset, partition.highWatermark, name, index);
  sheet.set(oldestOffset, partition.log.logStartOffset, name, index);
}
