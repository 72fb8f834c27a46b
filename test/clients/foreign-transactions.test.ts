import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KafkaClient } from '../support/kafka-client.ts';
import { succeed } from '../support/processes.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';

/** Each client commits and aborts transactions over three partitions, is fenced by another with its transactional id, and reads what counts. */
const partitions = 3;
const transactions = 10;

const python = (script: string) => ({ command: foreign.python, before: [join(import.meta.dirname, 'python', script)] });
const clients = [
  { client: 'confluent-kafka', ...python('confluent_transactions.py') },
  { client: 'aiokafka', ...python('aiokafka_transactions.py') },
  { client: 'franz-go', command: foreign.franzTransactions, before: [] },
].filter(({ command }) => command !== undefined);

describe.runIf(areForeignClientsWanted)('transactions of clients in other languages', () => {
  let cluster: ClusterUnderTest;
  let reader: KafkaClient;
  beforeAll(async () => {
    cluster = await startClusterUnderTest();
    reader = new KafkaClient(cluster.bootstrap);
  });
  afterAll(async () => {
    reader?.close();
    await cluster?.stop();
  });

  const expected = [0, 1, 3, 4, 6, 7, 9].map(String).concat('successor');

  for (const { client, command, before } of clients) {
    test(`T1, T2, T4: ${client} commits, aborts, is fenced, and reads whole committed transactions`, { timeout: 90_000 }, async () => {
      const topic = await cluster.createTopic(`${client}-transactions`, partitions);

      const printed = await succeed(command!, [...before, cluster.bootstrap, topic, String(partitions), String(transactions)]);

      expect(printed.trim().split('\n').at(-1)).toBe(`ok ${expected.length}`);
      for (let partition = 0; partition < partitions; partition++) {
        const { records, lastStableOffset } = await reader.committed(topic, partition);
        expect(records.map(({ value }) => String(value))).toEqual(expected);
        expect(lastStableOffset).toBe(await reader.endOffset(topic, partition));
      }
    });
  }

  test.runIf(foreign.kcat !== undefined)('T2: kcat reads committed records, and no others', { timeout: 60_000 }, async () => {
    const topic = `${clients[0]!.client}-transactions`;
    const place = ['-b', cluster.bootstrap, '-t', topic, '-p', '0', '-e', '-q', '-o', 'beginning'];

    const read = await succeed('kcat', ['-C', ...place, '-X', 'isolation.level=read_committed']);

    expect(read.trim().split('\n')).toEqual(expected);
  });
});
