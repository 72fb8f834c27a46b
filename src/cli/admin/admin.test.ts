import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeClock, nodePlatform, silentLogger } from '#platform';
import { decodeRequest, decodeRequestHeader, encodeResponse } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { type DescribeTopicPartitionsRequest, describeTopicPartitions } from '#protocol/apis/describe-topic-partitions.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { KafkaServer } from '#transport';
import { type Program, runMain, runMainInTerminal } from '../testing.ts';
import { inProcess } from '../testing-in-process.ts';

const outcome = (...args: string[]) => inProcess(args);

/** What doctor says in a terminal that has colours; a CI server's word about itself would say that it has none. */
async function inTerminal(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const program = runMainInTerminal(['doctor'], { env: { TERM: 'xterm-256color', CI: undefined, NO_COLOR: undefined, ...env } });
  await program.ended;
  return program.output;
}

describe('with a broker', { timeout: 60_000 }, () => {
  let broker: Program;
  let server: string;

  beforeAll(async () => {
    broker = runMain(['broker', '--id=1', '--port=0', '--memory', '--log-level=silent']);
    await broker.until('running on :');
    server = `--bootstrap-server=localhost:${/:(\d+)\n/.exec(broker.output)?.[1]}`;
  }, 60_000);
  afterAll(async () => {
    broker.signal('SIGKILL');
    await broker.ended;
  });

  test('a topic is created, listed, described and deleted', async () => {
    expect(await outcome('topic', 'create', 'orders', '--partitions=2', '--config', 'retention.ms=1000', server)).toEqual({
      code: 0,
      output: 'Created orders with 2 partitions and 1 replica each.\n',
      errors: '',
    });
    expect((await outcome('topic', 'list', server)).output).toBe('orders\n');
    expect((await outcome('topic', 'list', server, '--json')).output).toBe('["orders"]\n');

    const described = await outcome('topic', 'describe', 'orders', server);
    expect(described.output.replace(/id \S+/, 'id ID')).toBe(
      [
        'orders: 2 partitions, 1 replica each, id ID',
        '  PARTITION  LEADER  REPLICAS  ISR  ELR  LAST KNOWN ELR',
        '  0          1       1         1    -    -',
        '  1          1       1         1    -    -',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await outcome('topic', 'describe', server, '--json')).output)).toMatchObject([
      {
        name: 'orders',
        partitions: [{ partition: 0, leader: 1, replicas: [1], isr: [1], elr: [], lastKnownElr: [], offlineReplicas: [] }, {}],
      },
    ]);

    expect(await outcome('topic', 'create', 'orders', server)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('TOPIC_ALREADY_EXISTS'),
    });
    expect(await outcome('topic', 'create', 'orders', '--partitions=5', '--if-not-exists', server)).toEqual({
      code: 0,
      output: 'orders is there already.\n',
      errors: '',
    });
    expect((await outcome('topic', 'create', 'orders', '--if-not-exists', server, '--json')).output).toBe(
      '{"name":"orders","created":false}\n',
    );
    expect(await outcome('topic', 'describe', 'odrers', 'orders', server)).toMatchObject({
      code: 3,
      output: expect.stringContaining('orders: 2 partitions'),
      errors: 'error: There is no topic "odrers". Did you mean "orders"?\n',
    });
    expect(await outcome('topic', 'delete', 'order', server)).toMatchObject({
      code: 3,
      errors: expect.stringContaining('Did you mean "orders"?'),
    });
    expect(await outcome('topic', 'delete', 'orders', server)).toEqual({ code: 0, output: 'Deleted orders.\n', errors: '' });
    expect((await outcome('topic', 'list', server)).output).toBe('');
  });

  test.each([
    { args: ['create', 'a/b'], error: 'INVALID_TOPIC_EXCEPTION' },
    { args: ['create', 'a', '--replication-factor=3'], error: 'INVALID_REPLICATION_FACTOR' },
    { args: ['create', 'a', '--partitions=0'], error: '--partitions=0: this is a whole number from 1' },
    { args: ['create', 'a', '--config=x'], error: '--config=x: a setting is written name=value' },
    { args: ['create', 'a', '--config=retention.ms=soon'], error: 'INVALID_CONFIG' },
  ])('$args ends with 2 and says what is wrong', async ({ args, error }) => {
    expect(await outcome('topic', ...args, server)).toMatchObject({ code: 2, output: '', errors: expect.stringContaining(error) });
  });

  test('settings are shown, set and unset, and one that is not there is refused', async () => {
    await outcome('topic', 'create', 'configured', server);

    expect((await outcome('config', 'describe', 'topic', 'configured', server)).output).toBe(
      'Nothing is set for topic configured; --all shows the defaults.\n',
    );
    expect(await outcome('config', 'set', 'topic', 'configured', 'retention.ms=1000', server)).toEqual({
      code: 0,
      output: 'Changed for topic configured: retention.ms=1000.\n',
      errors: '',
    });
    const shown = JSON.parse((await outcome('config', 'describe', 'topic', 'configured', server, '--json')).output);
    expect(shown).toEqual([{ name: 'retention.ms', value: '1000', source: 'topic', readOnly: false, sensitive: false }]);
    await outcome('config', 'unset', 'topic', 'configured', 'retention.ms', server);
    expect((await outcome('config', 'describe', 'topic', 'configured', 'retention.ms', server)).output).toMatch(
      /retention\.ms +604800000 +default/,
    );
    expect(await outcome('config', 'set', 'topic', 'configured', 'retenton.ms=1', server)).toMatchObject({
      code: 2,
      errors: expect.stringContaining('Did you mean "retention.ms"?'),
    });
    expect((await outcome('config', 'describe', 'broker', '1', 'node.id', server)).output).toMatch(/node\.id +1 +/);
    expect(await outcome('config', 'describe', 'broker', '9', server)).toMatchObject({ code: 3, errors: 'error: There is no broker 9.\n' });
    expect(await outcome('config', 'describe', 'tpic', 'x', server)).toMatchObject({ code: 2 });
    await outcome('topic', 'delete', 'configured', server);
  });

  test('doctor finds nothing wrong with it, and tells when nobody answers', async () => {
    const asked = runMain(['doctor', server]);
    expect(await asked.ended).toBe(0);
    const { output, errors } = asked;
    expect(errors).toBe('');
    expect(output).toMatch(/^ok {4}Broker 1: answers at localhost:\d+$/m);
    expect(output).toMatch(/^ok {4}Controller: broker 1$/m);
    expect(output).toMatch(/^warn {2}Quorum: 1 voter/m);
    expect(output).toMatch(/^ok {4}Clocks: /m);
    expect(output).toMatch(/^ok {4}Partitions: \d+, all with a leader/m);
    const byEnvironment = runMain(['doctor'], { env: { KAFKA_BOOTSTRAP_SERVERS: server.split('=')[1] } });
    expect(await byEnvironment.ended).toBe(0);
    expect(byEnvironment.output).toBe(output);
    expect(output).not.toContain('\u001b');
    // Colours are for terminals, unless somebody says otherwise.
    expect(await inTerminal()).toContain('\u001b[32mok  \u001b[39m');
    expect(await inTerminal({ NO_COLOR: '1' })).not.toContain('\u001b');
    const coloured = runMain(['doctor', '--data=not/there/yet'], { env: { NO_COLOR: undefined, FORCE_COLOR: '1' } });
    await coloured.ended;
    expect(coloured.output).toContain('\u001b[32mok  \u001b[39m');
    expect(coloured.output).toMatch(/Disk of not\/there\/yet: [\d.]+ GB free/);

    const lost = await outcome('doctor', '--meta=localhost:1', '--json');
    expect(lost.code).toBe(1);
    expect(JSON.parse(lost.output)).toMatchObject({
      healthy: false,
      findings: expect.arrayContaining([expect.objectContaining({ what: 'Cluster', level: 'fail' })]),
    });
  });

  test('the quorum is described with its leader and voters', async () => {
    const text = await outcome('quorum', 'describe', server);
    expect(text.code).toBe(0);
    expect(text.output).toMatch(/^Leader 1 in epoch \d+; 1 voter, 0 observers; committed up to offset \d+\n/);
    expect(text.output).toMatch(/\n {2}1 {5}leader {2}\d+ +0 {4}now/);

    const json = JSON.parse((await outcome('quorum', 'describe', server, '--json')).output);
    expect(json).toMatchObject({ leader: 1, voters: [{ node: 1 }], observers: [] });
  });

  test('the first server that answers is asked', async () => {
    expect(await outcome('topic', 'list', server.replace('=', '=localhost:1,'))).toMatchObject({ code: 0, errors: '' });
  });
});

test('without a broker it says where it looked and ends with 4', async () => {
  const { code, errors } = await outcome('topic', 'list', '--meta=localhost:1');

  expect(code).toBe(4);
  expect(errors).toBe(
    'error: localhost:1 does not answer: nobody listens there (ECONNREFUSED). Is a broker running there, and its cluster formed?\n',
  );
});

test.each([
  { args: ['topic', 'list'], error: '--bootstrap-server (or --meta) is missing' },
  { args: ['topic', 'list', '--meta=localhost:1', '--bootstrap-server=localhost:2'], error: 'Leave one of them out' },
  { args: ['topic', 'create'], error: "missing required argument 'name'" },
  { args: ['topic', 'lst', '--meta=localhost:1'], error: 'Did you mean list?' },
])('$args ends with 2', async ({ args, error }) => {
  expect(await outcome(...args)).toMatchObject({ code: 2, output: '', errors: expect.stringContaining(error) });
});

describe('what a cluster in trouble tells', () => {
  const places = { errorCode: 'NONE', leaderEpoch: 7, replicaNodes: [1, 2, 3] } as const;
  const partitions = [
    { ...places, partitionIndex: 0, leaderId: 1, isrNodes: [1, 2, 3], eligibleLeaderReplicas: [], lastKnownElr: [], offlineReplicas: [] },
    { ...places, partitionIndex: 1, leaderId: 2, isrNodes: [2], eligibleLeaderReplicas: [3], lastKnownElr: [], offlineReplicas: [1, 3] },
    { ...places, partitionIndex: 2, leaderId: -1, isrNodes: [], eligibleLeaderReplicas: [], lastKnownElr: [3], offlineReplicas: [1, 2, 3] },
  ];
  const topicId = 'b3JkZXJzLW9yZGVycy1vcg';

  test('is marked partition by partition, page by page', async () => {
    const cursors: unknown[] = [];
    const server = await serve({
      [describeTopicPartitions.key]: (request) => {
        cursors.push((request as DescribeTopicPartitionsRequest).cursor);
        const isFirst = cursors.length === 1;
        const page = isFirst ? partitions.slice(0, 2) : partitions.slice(2);
        return {
          topics: [{ errorCode: 'NONE', name: 'orders', topicId, partitions: page }],
          nextCursor: isFirst ? { topicName: 'orders', partitionIndex: 2 } : null,
        };
      },
    });

    const { code, output } = await outcome('topic', 'describe', 'orders', `--meta=localhost:${server.port}`);

    await server.close({ graceMs: 0 });
    expect(code).toBe(0);
    expect(output).toBe(
      [
        `orders: 3 partitions, 3 replicas each, id ${topicId}`,
        '  PARTITION  LEADER  REPLICAS  ISR    ELR  LAST KNOWN ELR',
        '  0          1       1,2,3     1,2,3  -    -',
        '  1          2       1,2,3     2      3    -               UNDER-REPLICATED; down: 1,3',
        '  2          none    1,2,3     -      -    3               NO LEADER; UNDER-REPLICATED; down: 1,2,3',
        '',
      ].join('\n'),
    );
    expect(cursors).toEqual([null, { topicName: 'orders', partitionIndex: 2 }]);
  });

  test('comes from Metadata where DescribeTopicPartitions is not served; what that does not tell is a question mark', async () => {
    const server = await serve({
      [metadata.key]: () => ({
        brokers: [],
        topics: [
          {
            errorCode: 'NONE',
            name: 'orders',
            topicId,
            partitions: partitions.map(({ eligibleLeaderReplicas: _e, lastKnownElr: _l, ...told }) => told),
          },
        ],
      }),
    });

    const { code, output } = await outcome('topic', 'describe', 'orders', `--meta=localhost:${server.port}`);

    await server.close({ graceMs: 0 });
    expect(code).toBe(0);
    expect(output).toContain('  1          2       1,2,3     2      ?    ?               UNDER-REPLICATED; down: 1,3\n');
  });
});

/** A server that knows only these APIs, by key, in their highest versions. */
function serve(answers: Record<number, (request: unknown) => object>): Promise<KafkaServer> {
  const apis = [apiVersions, describeTopicPartitions, metadata].filter(({ key }) => key === apiVersions.key || key in answers);
  const clock = new NodeClock();
  const { network } = nodePlatform({ log: silentLogger });
  return KafkaServer.listen({
    network,
    clock,
    log: silentLogger,
    hosts: ['127.0.0.1', '::1'],
    port: 0,
    onHttp: (socket) => socket.destroy(),
    onRequest: (frame) => {
      const { apiKey, apiVersion, correlationId, bodyOffset } = decodeRequestHeader(frame);
      const api = apis.find(({ key }) => key === apiKey)!;
      const known = apis.map(({ key, versions: { min, max } }) => ({ apiKey: key, minVersion: min, maxVersion: max }));
      const answer =
        apiKey === apiVersions.key
          ? { errorCode: 'NONE', apiKeys: known }
          : answers[apiKey]!(decodeRequest(api, apiVersion, frame, bodyOffset));
      return encodeResponse(api, apiVersion, correlationId, answer as never);
    },
  });
}
