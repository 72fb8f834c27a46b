import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Program, runMain } from '#cli/testing.ts';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaProcesses } from '../support/kafka-processes.ts';
import { until } from '../support/until.ts';
import { areThoroughTestsWanted, foreign } from './installed.ts';
import { type KafkaToolName, KafkaTools } from './kafka-tools.ts';

/** What both tools tell of one partition of a group. */
interface Row {
  readonly topic: string;
  readonly partition: number;
  readonly current: string;
  readonly end: string;
  readonly lag: string;
  readonly member: string;
  readonly host: string;
  readonly client: string;
}

const clusters = [
  { whose: 'our brokers', start: () => BrokerProcesses.start(3) },
  { whose: 'Apache Kafka', start: () => KafkaProcesses.start(1, { heap: '512m', startMs: 200_000 }) },
];

describe.runIf(areThoroughTestsWanted && foreign.kafkaTools !== undefined).each(clusters)(
  "our command line and Apache Kafka's tools, with $whose",
  { timeout: 300_000 },
  ({ start }) => {
    let cluster: BrokerProcesses | KafkaProcesses;
    let tools: KafkaTools;
    const programs: Program[] = [];

    beforeAll(async () => {
      tools = new KafkaTools();
      cluster = await start();
    }, 300_000);
    afterAll(async () => {
      for (const program of programs) {
        program.signal('SIGKILL');
        await program.ended;
      }
      tools?.stop();
      await cluster?.stop();
    });

    const ours = async (...args: string[]) => {
      const program = runMain([...args, `--bootstrap-server=${cluster.bootstrap}`]);
      program.endInput();
      const code = await program.ended;
      return { code, output: program.output, errors: program.errors };
    };
    const succeed = async (...args: string[]) => {
      const { code, output, errors } = await ours(...args);
      expect(code, errors).toBe(0);
      return output;
    };
    const theirs = (tool: KafkaToolName, ...args: string[]) => tools.succeed(tool, ['--bootstrap-server', cluster.bootstrap, ...args]);

    async function write(topic: string, records: { partition: number; value: string; timestamp: number }[]): Promise<void> {
      const { Kafka, logLevel } = (await import('kafkajs')).default;
      const producer = new Kafka({ brokers: cluster.bootstrap.split(','), logLevel: logLevel.NOTHING }).producer();
      await producer.connect();
      for (const { partition, value, timestamp } of records)
        await producer.send({ topic, messages: [{ partition, value, timestamp: String(timestamp) }], acks: -1 });
      await producer.disconnect();
    }

    async function rowsByOurs(group: string): Promise<Row[]> {
      const [, , ...lines] = (await succeed('group', 'describe', group)).trimEnd().split('\n');
      return lines.map((line) => {
        const [topic, partition, current, end, lag, , member, host, client] = line.trim().split(/\s+/);
        return {
          topic: topic!,
          partition: Number(partition),
          current: current!,
          end: end!,
          lag: lag!,
          member: member!,
          host: host!,
          client: client!,
        };
      });
    }

    async function rowsByTheirs(group: string): Promise<Row[]> {
      const lines = (await theirs('consumerGroups', '--describe', '--group', group)).split('\n').filter((line) => line.startsWith(group));
      const rows = lines.map((line) => {
        const cells = line.trim().split(/\s+/);
        // Newer versions have the leader epoch in between.
        const [, topic, partition, ...rest] = cells;
        const [member, host, client] = rest.slice(-3);
        const [current, end, lag] = rest.length === 7 ? [rest[0], rest[2], rest[3]] : rest;
        return {
          topic: topic!,
          partition: Number(partition),
          current: current!,
          end: end!,
          lag: lag!,
          member: member!,
          host: host!.replace(/^\//, ''),
          client: client!,
        };
      });
      return rows.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
    }

    async function plannedByTheirs(group: string, ...args: string[]): Promise<string[]> {
      const output = await theirs('consumerGroups', '--reset-offsets', '--group', group, ...args, '--dry-run');
      const rows = output.split('\n').filter((line) => line.startsWith(group));
      return rows.map((row) => row.trim().split(/\s+/).slice(1, 4).join()).sort();
    }

    async function plannedByOurs(group: string, ...args: string[]): Promise<string[]> {
      return (await succeed('group', 'reset', group, ...args, '--export')).trim().split('\n').sort();
    }

    test('topics are made, listed, described and deleted', async () => {
      expect(
        await succeed('topic', 'create', 'made', '--partitions=2', '--replication-factor=1', '--config', 'retention.ms=86400000'),
      ).toBe('Created made with 2 partitions and 1 replica each.\n');
      expect(await succeed('topic', 'list')).toContain('made\n');
      const told = await theirs('topics', '--describe', '--topic', 'made');
      expect(told).toContain('retention.ms=86400000');
      const [{ id, partitions }] = JSON.parse(await succeed('topic', 'describe', 'made', '--json'));
      expect(told).toContain(`TopicId: ${id}`);
      for (const { partition, leader, replicas, isr } of partitions)
        expect(told).toMatch(new RegExp(`Partition: ${partition}\\s+Leader: ${leader}\\s+Replicas: ${replicas}\\s+Isr: ${isr}\\s`));

      expect(await ours('topic', 'create', 'made')).toMatchObject({ code: 1, errors: expect.stringContaining('TOPIC_ALREADY_EXISTS') });
      expect(await ours('topic', 'create', 'm', '--replication-factor=9')).toMatchObject({
        code: 2,
        errors: expect.stringContaining('INVALID_REPLICATION_FACTOR'),
      });
      expect(await ours('topic', 'describe', 'maed')).toMatchObject({ code: 3, errors: expect.stringContaining('Did you mean "made"?') });
      expect(await succeed('topic', 'delete', 'made')).toBe('Deleted made.\n');
      expect(await theirs('topics', '--list')).not.toContain('made');
    });

    test('records and settings written by either are read by the other', async () => {
      await succeed('topic', 'create', 'records', '--partitions=2');
      const lines = [
        {
          partition: 0,
          timestamp: 1000,
          key: 'a',
          value: 'one',
          headers: [
            ['h', '1'],
            ['h', null],
          ],
        },
        { partition: 0, timestamp: 1001, key: null, value: null, headers: [] },
        { partition: 1, timestamp: 1002, key: { base64: '//4=' }, value: { base64: 'AP8=' }, headers: [] },
      ];
      const producer = runMain(['produce', 'records', '-i', 'ndjson', '--keep-partitions', '-z', 'lz4', '-b', cluster.bootstrap]);
      producer.process.stdin!.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      expect(await producer.ended, producer.errors).toBe(0);

      const told = await theirs(
        'consoleConsumer',
        '--topic',
        'records',
        '--partition',
        '0',
        '--from-beginning',
        '--max-messages',
        '2',
        '--formatter-property',
        'print.key=true',
        '--formatter-property',
        'print.headers=true',
        '--formatter-property',
        'print.timestamp=true',
      );
      expect(told).toContain('CreateTime:1000\th:1,h:null\ta\tone');
      const read = (await succeed('consume', 'records', '-e', '-o', 'ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(read.sort((a, b) => a.timestamp - b.timestamp).map(({ topic, offset, ...rest }) => rest)).toEqual(lines);
      expect(await succeed('consume', 'records', '-e', '-g', 'record-readers', '-f', '%p')).toHaveLength(3);

      await succeed('config', 'set', 'topic', 'records', 'retention.ms=86400000');
      expect(await theirs('configs', '--describe', '--entity-type', 'topics', '--entity-name', 'records')).toContain(
        'retention.ms=86400000',
      );
      await theirs('configs', '--alter', '--entity-type', 'topics', '--entity-name', 'records', '--add-config', 'max.message.bytes=65536');
      expect(await succeed('config', 'describe', 'topic', 'records')).toMatch(/max\.message\.bytes +65536 +topic/);
      await succeed('config', 'unset', 'topic', 'records', 'retention.ms', 'max.message.bytes');
      expect(await theirs('configs', '--describe', '--entity-type', 'topics', '--entity-name', 'records')).not.toContain('retention.ms');
      const seen = await succeed('doctor');
      expect(seen).toMatch(cluster.ids.length === 1 ? /^warn {2}Quorum: 1 voter:/m : /^ok {4}Quorum: 3 voters, of which 1 may fail$/m);
      expect(seen).toMatch(/^ok {4}Partitions: \d+, all with a leader and all replicas in sync$/m);
      // Apache Kafka tells no clock, and that is no fault.
      expect(/^ok {4}Clocks: /m.test(seen)).toBe(cluster instanceof BrokerProcesses);
    });

    test('the quorum is described alike', async () => {
      const described = JSON.parse(await succeed('quorum', 'describe', '--json'));
      const status = await theirs('quorum', 'describe', '--status');

      expect(status).toMatch(new RegExp(`^LeaderId: +${described.leader}$`, 'm'));
      expect(status).toMatch(new RegExp(`^LeaderEpoch: +${described.leaderEpoch}$`, 'm'));
      expect(described.voters.map(({ node }: { node: number }) => node).sort()).toEqual(cluster.ids);
      expect(await succeed('quorum', 'describe')).toMatch(new RegExp(`^ {2}${described.leader} +leader +\\d+ +0 +now`, 'm'));
    });

    test('a group of our consumer is described alike while it reads and after', async () => {
      await succeed('topic', 'create', 'read', '--partitions=3');
      await write(
        'read',
        Array.from({ length: 9 }, (_, i) => ({ partition: i % 3, value: `message ${i}`, timestamp: Date.now() })),
      );
      const consumer = runMain(['consumer', `--meta=${cluster.bootstrap.split(',')[0]}`, '--group=readers']);
      programs.push(consumer);
      consumer.type('read\n');
      await consumer.until('[Offset 2] ', { times: 3 });
      await until(async () => (await rowsByOurs('readers')).every(({ lag }) => lag === '0'), { forMs: 20_000 });

      expect(await succeed('group', 'list')).toMatch(/^readers +consumer +Stable +1 /m);
      expect(await theirs('consumerGroups', '--list', '--state')).toMatch(/^readers +Stable/m);
      const rows = await rowsByOurs('readers');
      expect(
        rows.map(({ topic, partition, current, end, lag, host, client }) => [topic, partition, current, end, lag, host, client]),
      ).toEqual([0, 1, 2].map((partition) => ['read', partition, '3', '3', '0', '127.0.0.1', 'kafka-lite-cluster']));
      expect(await rowsByTheirs('readers')).toEqual(rows);
      expect(await ours('group', 'delete', 'readers')).toMatchObject({ code: 1, errors: expect.stringContaining(rows[0]!.member) });

      consumer.signal('SIGINT');
      expect(await consumer.ended).toBe(130);
      await write('read', [{ partition: 1, value: 'unread', timestamp: Date.now() - 60_000 }]);
      const after = await rowsByOurs('readers');
      expect(after.map(({ lag }) => lag)).toEqual(['0', '1', '0']);
      expect(await rowsByTheirs('readers')).toEqual(after);
      if (cluster instanceof BrokerProcesses) {
        const { offsets } = (await (await fetch(cluster.url(2, '/groups/readers/offsets'))).json()) as {
          offsets: Record<string, unknown>[];
        };
        const told = offsets.map(({ topic, partition, currentOffset, logEndOffset, lag }) => [
          topic,
          partition,
          currentOffset,
          logEndOffset,
          lag,
        ]);
        expect(told).toEqual(
          after.map(({ topic, partition, current, end, lag }) => [topic, partition, Number(current), Number(end), Number(lag)]),
        );
      }
      const [described] = JSON.parse(await succeed('group', 'describe', 'readers', '--json'));
      expect(described.lagSeconds).toBeGreaterThanOrEqual(60);
      expect(described.lagSeconds).toBeLessThan(90);
    });

    test("every option of a reset leads where Kafka's tool leads, and either sees what the other has done", async () => {
      await succeed('topic', 'create', 'reset', '--partitions=2');
      const base = Date.UTC(2026, 0, 1);
      await write('reset', [
        ...Array.from({ length: 10 }, (_, i) => ({ partition: 0, value: `${i}`, timestamp: base + i * 60_000 })),
        ...Array.from({ length: 4 }, (_, i) => ({ partition: 1, value: `${i}`, timestamp: base + i * 60_000 })),
      ]);
      await theirs('consumerGroups', '--reset-offsets', '--group', 'movers', '--topic', 'reset', '--to-offset', '3', '--execute');
      expect((await rowsByOurs('movers')).map(({ current }) => current)).toEqual(['3', '3']);

      for (const option of [
        ['--to-earliest'],
        ['--to-latest'],
        ['--to-current'],
        ['--to-offset', '7'],
        ['--to-offset', '1000'],
        ['--shift-by', '2'],
        ['--shift-by', '-2'],
        ['--shift-by', '-100'],
        ['--to-datetime', '2026-01-01T00:02:30.000'],
        ['--to-datetime', '2026-01-01T01:02:30.000+01:00'],
        ['--to-datetime', '2040-01-01T00:00:00.000'],
        ['--by-duration', 'P10000D'],
        ['--by-duration', 'PT1H'],
      ]) {
        expect(await plannedByOurs('movers', '--topic', 'reset', ...option), option.join(' ')).toEqual(
          await plannedByTheirs('movers', '--topic', 'reset', ...option),
        );
      }
      expect(await plannedByOurs('movers', '--all-topics', '--to-latest')).toEqual(
        await plannedByTheirs('movers', '--all-topics', '--to-latest'),
      );
      expect(await plannedByOurs('movers', '--topic', 'reset:1', '--to-latest')).toEqual(
        await plannedByTheirs('movers', '--topic', 'reset:1', '--to-latest'),
      );

      await succeed('group', 'reset', 'movers', '--topic=reset:0', '--shift-by=4', '--execute');
      expect((await rowsByTheirs('movers')).map(({ current }) => current)).toEqual(['7', '3']);
      await succeed('group', 'delete-offsets', 'movers', '--topic=reset:1');
      expect((await rowsByTheirs('movers')).map(({ partition }) => partition)).toEqual([0]);
      await succeed('group', 'delete', 'movers');
      await sleep(100);
      expect(await theirs('consumerGroups', '--list')).not.toContain('movers');
    });
  },
);
