import type { Partition } from '#replication';
import { type Collector, counter, gauge, type Scrape } from '../definition.ts';

const replicaManager = (name: string, help: string) => gauge(`kafka_server_replicamanager_${name}`, 'broker', [], help);

const partitionCount = replicaManager('partitioncount', 'Replicas on this broker.');
const leaderCount = replicaManager('leadercount', 'Partitions that this broker leads.');
const offlineReplicas = replicaManager(
  'offlinereplicacount',
  'Replicas that should be here and cannot be used: their log is damaged, or the disk was full when it was to be opened.',
);
const underReplicated = replicaManager('underreplicatedpartitions', 'Partitions led here of which a replica is not in sync.');
const underMinIsr = replicaManager(
  'underminisrpartitioncount',
  'Partitions led here with fewer replicas in sync than min.insync.replicas: nothing is written with acks=all.',
);
const atMinIsr = replicaManager('atminisrpartitioncount', 'Partitions led here with just as many in sync as min.insync.replicas.');
const reassigning = replicaManager('reassigningpartitions', 'Partitions led here whose replicas are being moved.');
const shrinks = counter(
  'kafka_server_replicamanager_isrshrinks_total',
  'broker',
  [],
  'How often a replica of a partition led here was taken out of the in-sync set, whoever decided it.',
);
const expands = counter('kafka_server_replicamanager_isrexpands_total', 'broker', [], 'How often one was taken into it.');
const lagRecords = gauge(
  'kafkalite_replication_lag_records',
  'leader',
  ['follower'],
  'Records that the follower, a broker, has yet to copy of all partitions that this broker leads.',
);
const lagSeconds = gauge(
  'kafkalite_replication_lag_seconds',
  'leader',
  ['follower'],
  'How long ago that follower last had all that there was, in the partition where that is longest; 0 while it has all.',
);

/** Leaders and followers. */
export function replicationCollector(): Collector {
  return {
    title: 'Replication',
    metrics: [
      partitionCount,
      leaderCount,
      offlineReplicas,
      underReplicated,
      underMinIsr,
      atMinIsr,
      reassigning,
      shrinks,
      expands,
      lagRecords,
      lagSeconds,
    ],
    collect,
  };
}

interface Lag {
  records: number;
  ms: number;
}

async function collect(scrape: Scrape): Promise<void> {
  const { telemetry, sheet } = scrape;
  const { image, nodeId, configs, partitions, clock } = telemetry.services;
  const replicas = partitions.all();
  sheet.set(partitionCount, replicas.length);
  sheet.set(offlineReplicas, partitions.unusableReplicas);
  sheet.set(shrinks, telemetry.changes.isrShrinks);
  sheet.set(expands, telemetry.changes.isrExpands);
  const counts = { led: 0, under: 0, underMin: 0, atMin: 0, moving: 0 };
  for (const topic of image.topics.all()) {
    for (const { partition, leader, isr, replicas: wanted, addingReplicas, removingReplicas } of topic.partitions) {
      if (leader !== nodeId) continue;
      const minIsr = configs.minInsyncReplicas(image, topic.name, partition);
      counts.led++;
      if (isr.length < wanted.length) counts.under++;
      if (isr.length < minIsr) counts.underMin++;
      if (isr.length === minIsr) counts.atMin++;
      if (addingReplicas.length + removingReplicas.length > 0) counts.moving++;
    }
    await scrape.breathe();
  }
  sheet.set(leaderCount, counts.led);
  sheet.set(underReplicated, counts.under);
  sheet.set(underMinIsr, counts.underMin);
  sheet.set(atMinIsr, counts.atMin);
  sheet.set(reassigning, counts.moving);
  const lags = new Map<number, Lag>();
  for (const replica of replicas) addLags(replica, clock.monotonic(), lags);
  for (const [follower, { records, ms }] of lags) {
    sheet.set(lagRecords, records, follower);
    sheet.set(lagSeconds, ms / 1000, follower);
  }
}

function addLags({ leader, log }: Partition, now: number, lags: Map<number, Lag>): void {
  for (const [follower, progress] of leader?.followers ?? []) {
    const known = lags.get(follower) ?? { records: 0, ms: 0 };
    // One that has not fetched yet may have nothing.
    const has = progress.logEndOffset < 0n ? log.logStartOffset : progress.logEndOffset;
    known.records += Math.max(0, Number(log.logEndOffset - has));
    known.ms = Math.max(known.ms, progress.lagMs(log.logEndOffset, now));
    lags.set(follower, known);
  }
}
