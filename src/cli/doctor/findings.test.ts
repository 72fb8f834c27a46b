import { expect, test } from 'vitest';
import { clusterFindings, diskFinding, nodeFinding, portFinding } from './findings.ts';

test.each([
  ['v24.21.0', 'ok'],
  ['v22.19.0', 'ok'],
  ['v22.18.9', 'fail'],
  ['v20.1.0', 'fail'],
])('Node %s is %s', (version, level) => {
  expect(nodeFinding(version).level).toBe(level);
});

test('a disk is warned of before it is full', () => {
  expect([1e11, 1e9, 1e8, undefined].map((bytes) => diskFinding('/data', bytes).level)).toEqual(['ok', 'warn', 'fail', 'warn']);
});

test('a port in use comes with another one', () => {
  expect(portFinding(8080, undefined).level).toBe('ok');
  expect(portFinding(8080, 'that port is in use')).toMatchObject({ level: 'warn', advice: expect.stringContaining('--port=8180') });
});

test('what is wrong with a cluster is named, with what to do', () => {
  const findings = clusterFindings({
    brokers: [
      { id: 1, address: 'localhost:8080', reached: true },
      { id: 2, address: 'kafka-2:9092', reached: false, why: 'there is no such host' },
    ],
    controller: -1,
    partitions: [
      { name: 'orders-0', leader: -1, replicas: 3, isr: 0 },
      { name: 'orders-1', leader: 1, replicas: 3, isr: 1 },
      { name: 'orders-2', leader: 1, replicas: 3, isr: 3 },
    ],
  });

  expect(findings.map(({ what, level, seen }) => `${level} ${what}: ${seen}`)).toEqual([
    'ok Broker 1: answers at localhost:8080',
    'fail Broker 2: kafka-2:9092 cannot be reached from here (there is no such host)',
    'fail Controller: there is none',
    'fail Leaders: orders-0 without one',
    'warn Replicas: orders-1 with replicas behind',
  ]);
  expect(findings.every(({ level, advice }) => level === 'ok' || advice !== undefined)).toBe(true);
});

test('a cluster as it should be has nothing to be told of', () => {
  const findings = clusterFindings({
    brokers: [{ id: 1, address: 'localhost:8080', reached: true }],
    controller: 1,
    partitions: [{ name: 'orders-0', leader: 1, replicas: 1, isr: 1 }],
  });

  expect(findings.every(({ level }) => level === 'ok')).toBe(true);
});
