import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { type KafkaToolName, KafkaTools } from './kafka-tools.ts';

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)("transactions, by Kafka's own producer and tools", () => {
  let brokers: BrokerProcesses;
  let tools: KafkaTools;
  let reader: KafkaClient;

  beforeAll(async () => {
    tools = new KafkaTools();
    brokers = await BrokerProcesses.start(3, { args: ['--config', 'transaction.state.log.num.partitions=3'] });
    reader = new KafkaClient(brokers.bootstrap);
    await tool('topics', '--create', '--topic', 'paid', '--partitions', '3');
  });
  afterAll(async () => {
    reader?.close();
    tools?.stop();
    await brokers?.stop();
  });

  const tool = (name: KafkaToolName, ...args: string[]) => tools.succeed(name, ['--bootstrap-server', brokers.bootstrap, ...args]);

  test('the producer of version 2 commits, with an epoch for each transaction', { timeout: 120_000 }, async () => {
    const records = 3000;

    await tools.succeed('producerPerf', [
      ...['--topic', 'paid', '--num-records', String(records), '--record-size', '200', '--throughput', '1000'],
      ...['--transactional-id', 'perf', '--transaction-duration-ms', '100'],
      ...['--producer-props', `bootstrap.servers=${brokers.bootstrap}`],
    ]);

    let found = 0;
    const epochs = new Set<number>();
    for (let partition = 0; partition < 3; partition++) {
      found += (await reader.committed('paid', partition)).records.length;
      for (let batches = await reader.fetchBatches('paid', partition, 0n); batches.length > 0; ) {
        for (const { producerEpoch } of batches) epochs.add(producerEpoch);
        batches = await reader.fetchBatches('paid', partition, batches.at(-1)!.lastOffset + 1n);
      }
    }
    expect(found).toBe(records);
    expect(epochs.size).toBeGreaterThan(3); // a busy machine makes them few
  });

  test('kafka-transactions lists and describes them, and finds no partition that hangs', { timeout: 60_000 }, async () => {
    expect(await tool('transactions', 'list')).toMatch(/^perf\s+\d+\s+\d+\s+CompleteCommit/m);
    expect(await tool('transactions', 'list', '--transactional-id-pattern', '(?i)PE.f')).toMatch(/^perf\s/m);
    expect(await tool('transactions', 'list', '--transactional-id-pattern', 'er')).not.toMatch(/^perf\s/m);

    expect(await tool('transactions', 'describe', '--transactional-id', 'perf')).toMatch(/^\d+\s+perf\s+\d+\s+\d+\s+CompleteCommit\s+\d+/m);
    expect(await tool('transactions', 'describe-producers', '--topic', 'paid', '--partition', '0')).toMatch(/^\d+\s+\d+\s+\d+\s+-?\d+/m);
    expect(await tool('transactions', 'find-hanging', '--topic', 'paid')).not.toMatch(/^paid/m);
  });

  test('T1, T2: while brokers are killed, leaders and coordinators, its producer loses nothing and doubles nothing', {
    timeout: 180_000,
  }, async () => {
    await tool('topics', '--create', '--topic', 'killed', '--partitions', '3');
    const records = 12_000;

    const produced = tools.succeed('producerPerf', [
      ...['--topic', 'killed', '--num-records', String(records), '--record-size', '200', '--throughput', '800'],
      ...['--transactional-id', 'survivor', '--transaction-duration-ms', '100'],
      ...['--producer-props', `bootstrap.servers=${brokers.bootstrap}`],
    ]);
    for (const id of brokers.ids) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await brokers.kill(id);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      brokers.startBroker(id);
      await brokers.ready([id]);
    }
    expect(await produced).toContain(`${records} records sent`);

    let found = 0;
    for (let partition = 0; partition < 3; partition++) found += (await reader.committed('killed', partition)).records.length;
    expect(found).toBe(records);
  });

  test('dump-log decodes __transaction_state', { timeout: 60_000 }, async () => {
    const dumped: string[] = [];
    const directory = brokers.dataOf(1);
    for (const partition of readdirSync(directory).filter((name) => name.startsWith('__transaction_state-'))) {
      for (const file of readdirSync(join(directory, partition)).filter((name) => name.endsWith('.log')))
        dumped.push(await tools.succeed('dumpLog', ['--transaction-log-decoder', '--files', join(directory, partition, file)]));
    }

    const all = dumped.join('\n');
    // Empty, Ongoing, PrepareCommit, CompleteCommit
    for (const status of [0, 1, 2, 4]) expect(all.includes(`"transactionStatus":${status}`), `status ${status}`).toBe(true);
    expect(all.includes('key: {"type":"0","data":{"transactionalId":"perf"}}')).toBe(true);
    expect(/[Ee]xception|[Cc]ould not|[Cc]orrupt/.test(all)).toBe(false);
  });
});
