import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';

/** A line of `kafka-topics --describe`. */
interface Described {
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly elr: readonly number[];
}

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)(
  "kafka-topics, kafka-reassign-partitions and kafka-leader-election, Apache Kafka's tools for replicas",
  () => {
    let brokers: BrokerProcesses;
    let tools: KafkaTools;
    let directory: string;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'replica-tools-'));
      tools = new KafkaTools();
      brokers = await BrokerProcesses.start(3, { args: ['--config', 'auto.leader.rebalance.enable=false'] });
    });
    afterAll(async () => {
      tools?.stop();
      await brokers?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const topics = (...args: string[]) => tools.succeed('topics', ['--bootstrap-server', brokers.bootstrap, ...args]);
    const create = (topic: string, partitions: number, replicas: number) =>
      topics('--create', '--topic', topic, '--partitions', String(partitions), '--replication-factor', String(replicas));
    const describeTopic = async (topic: string): Promise<Described[]> => {
      const ids = (row: string, name: string) =>
        (new RegExp(`${name}: ([\\d,]*)`).exec(row)?.[1] ?? '').split(',').filter(Boolean).map(Number);
      const rows = (await topics('--describe', '--topic', topic)).split('\n').filter((row) => row.includes('Partition: '));
      return rows.map((row) => ({
        leader: Number(/Leader: (\d+|none)/.exec(row)![1]),
        replicas: ids(row, 'Replicas'),
        isr: ids(row, 'Isr').sort(),
        elr: ids(row, 'Elr'),
      }));
    };
    /** Asks again and again, since it takes time until followers have caught up. */
    const until = async <T>(ask: () => Promise<T>, isGood: (answer: T) => boolean): Promise<T> => {
      for (let attempt = 0; ; attempt++) {
        const answer = await ask();
        if (isGood(answer)) return answer;
        if (attempt === 100) expect.fail(`it stays ${JSON.stringify(answer)}`);
        await sleep(200);
      }
    };
    const plan = (topic: string, replicas: readonly number[]) => {
      const file = join(directory, `${topic}.json`);
      writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, replicas }] }));
      return ['--bootstrap-server', brokers.bootstrap, '--reassignment-json-file', file];
    };

    test('a topic with three replicas is led by each broker in turn, and everybody is in sync', async () => {
      await create('everywhere', 3, 3);

      const all = [1, 2, 3];
      expect(
        await until(
          () => describeTopic('everywhere'),
          (rows) => rows.every(({ isr }) => isr.length === 3),
        ),
      ).toEqual([
        { leader: 1, replicas: [1, 2, 3], isr: all, elr: [] },
        { leader: 2, replicas: [2, 3, 1], isr: all, elr: [] },
        { leader: 3, replicas: [3, 1, 2], isr: all, elr: [] },
      ]);
    });

    test('more replicas than brokers are refused, with the reason', async () => {
      const args = [
        '--bootstrap-server',
        brokers.bootstrap,
        '--create',
        '--topic',
        'many',
        '--partitions',
        '1',
        '--replication-factor',
        '4',
      ];

      const { code, output } = await tools.run('topics', args);

      expect(code).toBe(1);
      expect(output).toContain('a replication factor of 4 needs as many brokers; there are 3 registered');
    });

    test('a partition with records moves to other brokers, and the tool says when it is there', async () => {
      await create('moves', 1, 2);
      const perf = ['--topic', 'moves', '--num-records', '5000', '--record-size', '200', '--throughput', '-1'];
      await tools.succeed('producerPerf', [...perf, '--producer-props', `bootstrap.servers=${brokers.bootstrap}`, 'acks=all']);

      await tools.succeed('reassign', [...plan('moves', [3, 2]), '--execute']);
      await until(
        () => tools.succeed('reassign', [...plan('moves', [3, 2]), '--verify']),
        (output) => output.includes('Reassignment of partition moves-0 is completed.'),
      );

      expect(await tools.succeed('reassign', ['--bootstrap-server', brokers.bootstrap, '--list'])).toContain(
        'No partition reassignments found.',
      );
      expect(await describeTopic('moves')).toEqual([{ leader: expect.toBeOneOf([2, 3]), replicas: [3, 2], isr: [2, 3], elr: [] }]);
      expect(await tools.succeed('offsets', ['--bootstrap-server', brokers.bootstrap, '--topic', 'moves'])).toContain('moves:0:5000');
    });

    test('leadership of a broker that was killed goes to another at once, and back by a preferred election', async () => {
      await create('fails-over', 1, 3);
      await until(
        () => describeTopic('fails-over'),
        ([row]) => row!.isr.length === 3,
      );

      await brokers.kill(1);
      const [after] = await until(
        () => describeTopic('fails-over'),
        ([row]) => row!.leader !== 1 && row!.isr.length === 2,
      );
      expect(after).toEqual({ leader: 2, replicas: [1, 2, 3], isr: [2, 3], elr: [] });
      brokers.startBroker(1);
      await until(
        () => describeTopic('fails-over'),
        ([row]) => row!.isr.length === 3,
      );
      const elect = ['--bootstrap-server', brokers.bootstrap, '--election-type', 'preferred', '--topic', 'fails-over', '--partition', '0'];
      await tools.succeed('elections', elect);

      // The broker that is asked may hear of it a moment later.
      await until(
        () => describeTopic('fails-over'),
        ([row]) => row!.leader === 1,
      );
      expect(await tools.succeed('elections', elect)).toContain('Valid replica already elected for partitions');
    });
  },
);
