import { expect, test } from 'vitest';
import type { MetadataImage, PartitionImage } from '#metadata';
import { clusterHealth } from './cluster-health.ts';

/** Brokers, of which some are fenced, and one topic with these leaders and in-sync sets, of three replicas each. */
function imageOf(fenced: readonly number[], partitions: readonly { leader: number; isr: readonly number[] }[]): MetadataImage {
  const images = partitions.map(
    (partition, index) => ({ partition: index, replicas: [1, 2, 3], ...partition }) as unknown as PartitionImage,
  );
  return {
    brokers: { all: () => [1, 2, 3].map((id) => ({ id, fenced: fenced.includes(id) })) },
    topics: { all: () => [{ name: 'orders', id: 'id', partitions: images }] },
  } as unknown as MetadataImage;
}

const whole = { leader: 1, isr: [1, 2, 3] };

test('a cluster that has all it needs is in no trouble', () => {
  expect(clusterHealth(imageOf([], [whole, whole]), () => 2, undefined)).toEqual({
    trouble: undefined,
    brokersOutOfService: [],
    partitionsWithoutLeader: 0,
    partitionsBelowMinIsr: 0,
    partitionsUnderReplicated: 0,
  });
});

test('what is missing is counted, with up to three names', () => {
  const leaderless = Array.from({ length: 4 }, () => ({ leader: -1, isr: [] }));
  const image = imageOf([2, 3], [...leaderless, { leader: 1, isr: [1] }, { leader: 1, isr: [1, 2] }, whole]);

  expect(clusterHealth(image, () => 2, undefined)).toEqual({
    trouble:
      'brokers 2 and 3 are not in service; 4 partitions have no leader (orders-0, orders-1, orders-2, ...); ' +
      '1 partition has fewer replicas in sync than min.insync.replicas (orders-4); 6 partitions have not all of their replicas in sync',
    brokersOutOfService: [2, 3],
    partitionsWithoutLeader: 4,
    partitionsBelowMinIsr: 1,
    partitionsUnderReplicated: 6,
  });
});

test('that there is no controller is told first', () => {
  expect(clusterHealth(imageOf([], []), () => 1, 'the cluster has no controller').trouble).toBe('the cluster has no controller');
});
