import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { collect } from '../support/processes.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { type KafkaToolName, KafkaTools, spawnKafkaTool } from './kafka-tools.ts';

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)(
  "what replicated topics hold, as Kafka's own tools see it",
  () => {
    let brokers: BrokerProcesses;
    let tools: KafkaTools;
    let directory: string;
    const running: ChildProcess[] = [];

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'replication-tools-'));
      tools = new KafkaTools();
      // Leaderships stay where the tests put them.
      brokers = await BrokerProcesses.start(3, { args: ['--config', 'auto.leader.rebalance.enable=false'] });
    });
    afterAll(async () => {
      for (const child of running) child.kill('SIGKILL');
      tools?.stop();
      await brokers?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const tool = (name: KafkaToolName, ...args: string[]) => tools.succeed(name, ['--bootstrap-server', brokers.bootstrap, ...args]);
    const create = (topic: string, ...args: string[]) => tool('topics', '--create', '--topic', topic, ...args);
    const describeTopic = (topic: string) => tool('topics', '--describe', '--topic', topic);
    const spawned = (name: KafkaToolName, ...args: string[]) => {
      const child = spawnKafkaTool(name, args);
      running.push(child);
      return child;
    };
    /** Until the description matches; @returns it */
    const eventually = async (topic: string, pattern: RegExp, timeoutMs = 30_000): Promise<string> => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const described = await describeTopic(topic);
        if (pattern.test(described) || Date.now() > deadline) return described;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const perf = (topic: string, records: number) =>
      tools.succeed('producerPerf', [
        ...['--topic', topic, '--num-records', String(records), '--record-size', '500', '--throughput', '-1'],
        ...['--producer-props', `bootstrap.servers=${brokers.bootstrap}`, 'acks=all', 'enable.idempotence=true'],
      ]);

    test('topics: a factor of three, by default and when it is asked for', async () => {
      await create('defaults', '--partitions', '3');
      await create('asked', '--partitions', '1', '--replication-factor', '3');

      for (const topic of ['defaults', 'asked']) {
        const described = await describeTopic(topic);
        expect(described).toContain('ReplicationFactor: 3');
        expect(described).toMatch(/Leader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: \s*\tLastKnownElr:/);
      }
      expect(await tool('configs', '--describe', '--all', '--entity-type', 'topics', '--entity-name', 'asked')).toContain(
        'min.insync.replicas=2',
      );
    });

    test('replicas are the same, byte for byte, and dump-log finds nothing wrong', async () => {
      await create('mirrored', '--partitions', '1', '--config', 'segment.bytes=1048576');
      await perf('mirrored', 20_000);
      await eventually('mirrored', /Isr: 1,2,3/);

      const segments = (id: number) => readdirSync(join(brokers.dataOf(id), 'mirrored-0')).filter((file) => file.endsWith('.log'));
      expect(segments(1).length).toBeGreaterThan(5);
      for (const file of segments(1)) {
        const [first, ...others] = brokers.ids.map((id) => readFileSync(join(brokers.dataOf(id), 'mirrored-0', file)));
        for (const other of others) expect(other.equals(first!), file).toBe(true);
      }
      const dumped = await tools.succeed('dumpLog', [
        '--files',
        join(brokers.dataOf(3), 'mirrored-0', segments(3)[0]!),
        '--deep-iteration',
      ]);
      expect(dumped).not.toMatch(/isvalid: false|Found|corrupt/i);
    });

    test('replica-verification finds that all replicas agree', async () => {
      await create('verified', '--partitions', '3');
      await perf('verified', 2000);
      const verification = spawned(
        'replicaVerification',
        '--broker-list',
        brokers.bootstrap,
        '--topics-include',
        'verified',
        '--report-interval-ms',
        '500',
      );
      const printed = collect(verification, 'stdout');

      const deadline = Date.now() + 25_000;
      while (!/max lag is 0 for partition/.test(printed()) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 100));
      verification.kill();

      expect(printed()).toMatch(/max lag is 0 for partition/);
      expect(printed()).not.toMatch(/doesn't match|checksum/i);
    });

    test('verifiable-producer writes through a rolling restart without a single error', async () => {
      await create('rolled', '--partitions', '3');
      // By itself it tries nothing again, unlike any other Java producer.
      const config = join(directory, 'producer.properties');
      writeFileSync(config, 'retries=2147483647\nenable.idempotence=true\nlinger.ms=0\n');
      const messages = 2400;
      const producer = spawned(
        'verifiableProducer',
        ...[
          '--bootstrap-server',
          brokers.bootstrap,
          '--topic',
          'rolled',
          '--max-messages',
          String(messages),
          '--throughput',
          '150',
          '--acks',
          '-1',
          '--command-config',
          config,
        ],
      );
      const printed = collect(producer, 'stdout');
      const ended = once(producer, 'close');
      await new Promise((resolve) => setTimeout(resolve, 2000));

      for (const id of brokers.ids) {
        expect(await brokers.kill(id, 'SIGTERM')).toBe(0);
        brokers.startBroker(id);
        await brokers.ready();
        await eventually('rolled', /Partition: 2\t.*Isr: [123],[123],[123]/);
      }
      await ended;

      const events = printed()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { name: string; acked?: number });
      expect(events.filter(({ name }) => name === 'producer_send_error')).toEqual([]);
      expect(events.filter(({ name }) => name === 'producer_send_success')).toHaveLength(messages);
      expect(await tool('offsets', '--topic', 'rolled').then(sumOfEnds)).toBe(messages);
    }, 120_000);
  },
);

/** `topic:partition:end` lines. */
function sumOfEnds(offsets: string): number {
  return offsets
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split(':')[2]), 0);
}
