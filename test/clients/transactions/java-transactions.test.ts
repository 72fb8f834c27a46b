import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../../support/broker-processes.ts';
import { KafkaClient } from '../../support/kafka-client.ts';
import { until } from '../../support/until.ts';
import { areForeignClientsWanted, foreign } from '../installed.ts';
import { type KafkaToolName, KafkaTools } from '../kafka-tools.ts';
import { transactionalPrograms } from './programs.ts';
import { RemoteProducer } from './remote-producer.ts';

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

  /** A producer of Kafka's with a record in partition 0 of a transaction that it does not end. */
  async function leftOpen(bootstrap: string, topic: string, transactionalId: string): Promise<RemoteProducer> {
    const program = transactionalPrograms.find(({ client }) => client === 'Java')!;
    const producer = await RemoteProducer.start(program, { bootstrap, topic, transactionalId, timeoutMs: 60_000 });
    await producer.do('begin', 'send 0 left-open');
    return producer;
  }
  const isOpen = async (client: KafkaClient, topic: string) =>
    (await client.committed(topic, 0)).lastStableOffset !== (await client.endOffset(topic, 0));

  test('kafka-transactions ends a transaction that somebody has left open, by its id and in one partition', {
    timeout: 60_000,
  }, async () => {
    await tool('topics', '--create', '--topic', 'left', '--partitions', '1');
    const first = await leftOpen(brokers.bootstrap, 'left', 'first');
    const wasOpen = await isOpen(reader, 'left');
    const running = await tool('transactions', 'list');

    await tool('transactions', 'forceTerminateTransaction', '--transactionalId', 'first');
    await until(async () => !(await isOpen(reader, 'left')), { forMs: 10_000 });
    const late = await first.ask('commit');
    const second = await leftOpen(brokers.bootstrap, 'left', 'second');
    const { lastStableOffset } = await reader.committed('left', 0);
    await tool('transactions', 'abort', '--topic', 'left', '--partition', '0', '--start-offset', String(lastStableOffset));
    const isOpenAfter = await isOpen(reader, 'left');
    await Promise.all([first.stop(), second.stop()]);

    expect(wasOpen).toBe(true);
    expect(running).toMatch(/^first\s+\d+\s+\d+\s+Ongoing/m);
    expect(late).toMatch(/^failed/);
    expect(isOpenAfter).toBe(false);
    expect((await reader.committed('left', 0)).records).toEqual([]);
  });

  test('kafka-transactions finds a transaction that hangs, and ends it', { timeout: 120_000 }, async () => {
    const often = ['--config', 'transaction.abort.timed.out.transaction.cleanup.interval.ms=200'];
    await using alone = await BrokerProcesses.start(1, { args: often });
    using client = new KafkaClient(alone.bootstrap);
    await client.createTopic('hanging', 1);
    const producer = await leftOpen(alone.bootstrap, 'hanging', 'gone');
    const [partition, saved] = [join(alone.dataOf(1), 'hanging-0'), join(alone.directory, 'saved')];

    // Its transaction ends; then the partition is given back from a copy that does not know of that.
    await alone.kill(1, 'SIGTERM');
    cpSync(partition, saved, { recursive: true });
    alone.startBroker(1);
    await alone.ready();
    await producer.do('abort');
    await producer.stop();
    await alone.kill(1, 'SIGTERM');
    rmSync(partition, { recursive: true });
    cpSync(saved, partition, { recursive: true });
    for (const checkpoint of ['recovery-point-offset-checkpoint', 'replication-offset-checkpoint']) {
      const file = join(alone.dataOf(1), checkpoint);
      writeFileSync(file, readFileSync(file, 'utf8').replace('hanging 0 2', 'hanging 0 1'));
    }
    alone.startBroker(1);
    await alone.ready();
    const there = ['--bootstrap-server', alone.bootstrap];
    const found = await tools.succeed('transactions', [...there, 'find-hanging', '--broker-id', '1', '--max-transaction-timeout', '0']);
    await tools.succeed('transactions', [...there, 'abort', '--topic', 'hanging', '--partition', '0', '--start-offset', '0']);

    expect(found).toMatch(/^hanging\s+0\s+\d+\s+\d+\s+-?\d+\s+0\s/m);
    expect(await isOpen(client, 'hanging')).toBe(false);
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
