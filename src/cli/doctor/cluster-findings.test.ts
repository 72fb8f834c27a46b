import { expect, test } from 'vitest';
import { clusterFindings, type Seen } from './cluster-findings.ts';

const three = [1, 2, 3].map((id) => ({ id, lag: 0, silentMs: 0, behindMs: 0 }));

const sound: Seen = {
  brokers: [{ id: 1, address: 'localhost:8080', reached: true }],
  controller: 1,
  voters: three,
  clocks: [{ id: 1, skewMs: 400 }],
  partitions: [
    { name: 'orders-0', leader: 1, replicas: 3, isr: 3, minIsr: 2 },
    { name: 'single-0', leader: 1, replicas: 1, isr: 1, minIsr: 2 },
  ],
};

const told = (seen: Seen) => clusterFindings(seen).map(({ what, level, seen: saw }) => `${level} ${what}: ${saw}`);

test('what is wrong with a cluster is named, with what to do', () => {
  const wrong: Seen = {
    brokers: [
      { id: 1, address: 'localhost:8080', reached: true },
      { id: 2, address: 'kafka-2:9092', reached: false, why: 'there is no such host' },
    ],
    controller: -1,
    voters: undefined,
    clocks: [{ id: 1, skewMs: -37_400 }],
    partitions: [
      { name: 'orders-0', leader: -1, replicas: 3, isr: 0, minIsr: 2 },
      { name: 'orders-1', leader: 1, replicas: 3, isr: 1, minIsr: 2 },
      { name: 'orders-2', leader: 1, replicas: 3, isr: 2, minIsr: 2 },
      { name: 'orders-3', leader: 1, replicas: 3, isr: 3, minIsr: 2 },
      { name: 'old-0', leader: 1, replicas: 3, isr: 1, minIsr: undefined },
    ],
  };

  expect(told(wrong)).toEqual([
    'ok Broker 1: answers at localhost:8080',
    'fail Broker 2: kafka-2:9092 cannot be reached from here (there is no such host)',
    'fail Controller: there is none',
    "warn Clock of broker 1: 37 s behind this machine's",
    'fail Leaders: orders-0 without one',
    'fail Minimum in sync: orders-1 with fewer replicas in sync than min.insync.replicas, so that writers with acks=all are refused',
    'warn Replicas: orders-2, old-0 with replicas behind',
  ]);
  expect(clusterFindings(wrong).every(({ level, advice }) => level === 'ok' || advice !== undefined)).toBe(true);
});

test('a cluster as it should be has nothing to be told of', () => {
  expect(told(sound)).toEqual([
    'ok Broker 1: answers at localhost:8080',
    'ok Controller: broker 1',
    'ok Quorum: 3 voters, of which 1 may fail',
    "ok Clocks: within 5 s of this machine's",
    'ok Partitions: 2, all with a leader and all replicas in sync',
  ]);
});

test('where nobody speaks HTTP nothing is said of clocks', () => {
  expect(told({ ...sound, clocks: [] }).join()).not.toContain('Clock');
});
