import { createHash } from 'node:crypto';
import { batchesIn, type RecordBatch } from '#protocol';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';

const directory = '/data';

/** L3: what is still missing until all replicas of all partitions are in sync, equally long, and committed to the end; undefined when nothing is. */
export function notConverged(cluster: SimulatedCluster): string | undefined {
  const image = cluster.running[0]?.broker.router.image;
  if (image === undefined) return 'nobody is up';
  for (const { name: topic, partitions } of image.topics.all()) {
    for (const { partition, replicas, isr, leader } of partitions) {
      const where = `${topic}-${partition}`;
      if (leader === -1) return `${where} has no leader`;
      if (isr.length !== replicas.length) return `${where} has [${isr}] of [${replicas}] in sync`;
      const copies = replicas.map((id) => cluster.broker(cluster.nameOf(id)!)?.partitions.replica(topic, partition));
      const end = copies[replicas.indexOf(leader)]?.log.logEndOffset;
      for (const [index, copy] of copies.entries()) {
        if (copy === undefined) return `${where} is not open on broker ${replicas[index]}`;
        if (copy.log.logEndOffset !== end || copy.highWatermark !== end)
          return `${where} ends at ${copy.log.logEndOffset} on broker ${replicas[index]}, ${copy.highWatermark} committed; the leader ends at ${end}`;
      }
    }
  }
  return undefined;
}

/**
 * P9: the batches of all replicas are the same bytes, wherever two have the same offsets, as they lie on the disks; where each replica cleans its log by itself it is the
 * records that are the same. All are taken to have converged. Copies that a bit was flipped in count only where nobody has noticed yet: they are left out.
 */
export function compareReplicas(cluster: SimulatedCluster): void {
  const image = cluster.running[0]!.broker.router.image;
  for (const { name: topic, partitions } of image.topics.all()) {
    const isCompacted = image.configs.of('topic', topic).get('cleanup.policy')?.includes('compact') ?? false;
    for (const { partition, replicas } of partitions) {
      const seen = new Map<bigint, { digest: string; by: string }>();
      for (const id of replicas) {
        const name = cluster.nameOf(id)!;
        if (cluster.damaged.has(`${name}:${topic}-${partition}`)) continue;
        const digestsOf = isCompacted ? recordDigests : batchDigests;
        for (const [offset, digest] of digestsOf(logOnDisk(cluster, name, `${topic}-${partition}`))) {
          const known = seen.get(offset);
          if (known === undefined) seen.set(offset, { digest, by: name });
          else if (known.digest !== digest)
            throw new Violation('P9', `${topic}-${partition}: what lies at ${offset} differs on ${known.by} and ${name}`);
        }
      }
    }
  }
}

function* batchDigests(batches: Iterable<RecordBatch>): Generator<[bigint, string]> {
  for (const batch of batches) yield [batch.baseOffset, createHash('sha1').update(batch.buffer).digest('base64')];
}

function* recordDigests(batches: Iterable<RecordBatch>): Generator<[bigint, string]> {
  for (const batch of batches) {
    const { producerId, producerEpoch, isControl } = batch;
    for (const { offset, key, value } of batch.records()) {
      const hash = createHash('sha1').update(`${producerId}/${producerEpoch}/${isControl}/${key?.length}/${value?.length}/`);
      yield [
        offset,
        hash
          .update(key ?? '')
          .update(value ?? '')
          .digest('base64'),
      ];
    }
  }
}

function* logOnDisk(cluster: SimulatedCluster, name: string, partition: string): Generator<RecordBatch> {
  const { disk } = cluster.world.node(name);
  for (const file of disk.list(`${directory}/${partition}`))
    if (file.endsWith('.log')) yield* batchesIn(disk.readFile(`${directory}/${partition}/${file}`));
}
