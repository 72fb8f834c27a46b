import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { blocksOf } from '../support/pages.ts';
import { isFree } from '../support/ports.ts';
import { until } from '../support/until.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';
import { defaultPort, PrometheusProcess, promtool, type Series } from './prometheus/prometheus-process.ts';
import { publicAlerts, publicQueries } from './prometheus/public-queries.ts';

const deploy = join(import.meta.dirname, '..', '..', 'deploy');
const cases = join(import.meta.dirname, 'prometheus', 'alert-cases.yml');

/** Names that promtool does not like, and that dashboards know: gauges called _count and _sum, and prom-client's called _total. */
const knownComplaints = [
  'kafka_server_socket_server_metrics_connection_count non-histogram and non-summary metrics should not have "_count" suffix',
  'kafka_consumergroup_current_offset_sum non-histogram and non-summary metrics should not have "_sum" suffix',
  'kafka_consumergroup_lag_sum non-histogram and non-summary metrics should not have "_sum" suffix',
  'nodejs_active_handles_total non-counter metrics should not have "_total" suffix',
  'nodejs_active_requests_total non-counter metrics should not have "_total" suffix',
  'nodejs_active_resources_total non-counter metrics should not have "_total" suffix',
];

describe.runIf(areForeignClientsWanted && foreign.prometheus !== undefined)('Prometheus', () => {
  const command = foreign.prometheus!;
  let brokers: BrokerProcesses;
  let prometheus: PrometheusProcess;
  let kafka: kafkajs.Kafka;
  let admin: kafkajs.Admin;

  beforeAll(async () => {
    brokers = await BrokerProcesses.start(3, {
      args: ['--config', 'offsets.topic.num.partitions=3', '--config', 'group.initial.rebalance.delay.ms=0'],
    });
    prometheus = new PrometheusProcess(command);
    await prometheus.start(brokers.ids.map((id) => `localhost:${brokers.port(id)}`));
    kafka = new kafkajs.Kafka({ brokers: brokers.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING });
    admin = kafka.admin();
    await admin.connect();
    await traffic();
    // Rates need a few looks at what is counted.
    await until(async () => (await prometheus.query('count_over_time(kafka_consumergroup_lag[1m]) > 2')).length >= 3, { forMs: 20_000 });
  });
  afterAll(async () => {
    await admin?.disconnect();
    await prometheus?.stop();
    await brokers?.stop();
  });

  /** Records in three partitions, a group that has read some of them and one that reads all. */
  async function traffic(): Promise<void> {
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3, replicationFactor: 3 }], waitForLeaders: true });
    const producer = kafka.producer();
    await producer.connect();
    for (let round = 0; round < 5; round++) {
      const messages = Array.from({ length: 300 }, (_, i) => ({ partition: i % 3, value: `order ${round} ${i} ${'x'.repeat(i)}` }));
      await producer.send({ topic: 'orders', messages, acks: -1 });
    }
    await producer.disconnect();
    const offsets = [0, 1, 2].map((partition) => ({ topic: 'orders', partition, offset: 100 + partition }));
    const put = await fetch(brokers.url(1, '/groups/slow/offsets'), { method: 'PUT', body: JSON.stringify({ offsets }) });
    expect(put.status).toBe(200);
    const consumer = kafka.consumer({ groupId: 'quick', maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    let read = 0;
    await consumer.run({ eachMessage: async () => void read++ });
    await until(() => read === 1500, { forMs: 20_000 });
    await consumer.disconnect();
  }

  const firing = async (name: string) => (await prometheus.alerts()).filter((alert) => alert.name === name && alert.state === 'firing');

  test('takes the configuration and the rules, which fire on what is wrong and on nothing else', async () => {
    for (const args of [
      ['check', 'config', 'prometheus.yml'],
      ['check', 'rules', 'alerts.yml'],
      ['test', 'rules', cases],
    ]) {
      const { code, stdout, stderr } = await promtool(command, args);
      expect({ args, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ args, code: 0, output: '' });
    }
    const rules = readFileSync(join(deploy, 'prometheus', 'alerts.yml'), 'utf8').match(/- alert: \w+/g)!;
    for (const rule of rules) expect(readFileSync(cases, 'utf8')).toContain(`alertname="${rule.split(' ').at(-1)}"`);
  });

  test('finds no fault with a page but the names that others have given', async () => {
    const page = await (await fetch(brokers.url(1, '/metrics'))).text();

    const { stderr, stdout } = await promtool(command, ['check', 'metrics'], page);

    expect(new Set((stderr + stdout).trim().split('\n'))).toEqual(new Set(knownComplaints));
  });

  test('scrapes all brokers and evaluates all rules', async () => {
    const targets = await prometheus.targets();
    expect(targets.map(({ health, lastError }) => ({ health, lastError }))).toEqual(
      brokers.ids.map(() => ({ health: 'up', lastError: '' })),
    );

    await until(async () => (await prometheus.rules()).every(({ health }) => health === 'ok'), {
      forMs: 10_000,
      tell: () => 'a rule was not evaluated',
    });
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name).sort()).toEqual(
      readFileSync(join(deploy, 'prometheus', 'alerts.yml'), 'utf8')
        .match(/(?<=- alert: )\w+/g)!
        .sort(),
    );
    expect(rules.filter(({ lastError }) => lastError !== undefined && lastError !== '')).toEqual([]);
  });

  test('runs as the page of metrics shows it, where its port is free', { timeout: 90_000 }, async ({ skip }) => {
    const [line, ...others] = blocksOf('docs/operating/metrics.md').filter(({ note }) => note === 'run by test/clients/prometheus.test.ts');
    expect(others).toEqual([]);
    if (!(await isFree(defaultPort))) return skip(`another program listens at port ${defaultPort}`);
    const shown = new PrometheusProcess(command);
    try {
      await shown.startAsShown(
        line!.code.trim(),
        brokers.ids.map((id) => `localhost:${brokers.port(id)}`),
      );

      // It looks every 15 seconds.
      const health = async () => (await shown.targets()).map((target) => target.health);
      await until(async () => (await health()).join() === 'up,up,up', { forMs: 60_000 });
      expect((await shown.rules()).map(({ name }) => name)).toContain('KafkaLiteBrokerDown');
    } finally {
      await shown.stop();
    }
  });

  test('a healthy cluster fires no alert, neither ours nor those that others wrote', async () => {
    const ours = (await prometheus.alerts()).map(({ name }) => name);
    // The group that has read a part of the records does not go on, and is not behind for long enough.
    expect(ours.filter((name) => !/^KafkaLite(LagGrows|DiskFillsUp)$/.test(name))).toEqual([]);
    for (const alert of publicAlerts) expect([alert, await prometheus.query(alert)]).toEqual([alert, []]);
  });

  test.each(publicQueries)('answers what public dashboards ask: %s', async (query) => {
    const found = await prometheus.query(query);

    expect(found).not.toEqual([]);
    expect(found.every(({ value }) => Number.isFinite(value))).toBe(true);
  });

  test('answers what the shipped dashboard asks', async () => {
    const dashboard = readFileSync(join(deploy, 'grafana', 'dashboards', 'kafka-lite-cluster.json'), 'utf8');
    const { panels } = JSON.parse(dashboard) as { panels: { title: string; targets?: { expr: string }[] }[] };
    const asked = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    expect(asked.length).toBeGreaterThan(25);

    for (const { title, expr } of asked) {
      const query = expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*');
      expect([title, query, (await prometheus.query(query)).length > 0]).toEqual([title, query, true]);
    }
  });

  describe.runIf(foreign.kafkaTools !== undefined)("agrees with Kafka's tools", () => {
    let tools: KafkaTools;
    beforeAll(() => {
      tools = new KafkaTools();
    });
    afterAll(() => tools?.stop());

    const tool = (name: Parameters<KafkaTools['run']>[0], ...args: string[]) =>
      tools.succeed(name, ['--bootstrap-server', brokers.bootstrap, ...args]);
    const byLabels = (series: readonly Series[], ...labels: string[]) =>
      Object.fromEntries(series.map(({ metric, value }) => [labels.map((label) => metric[label]).join(' '), value]));

    test('on lag, committed offsets and members: kafka-consumer-groups', async () => {
      const printed = await tool('consumerGroups', '--describe', '--all-groups');
      const rows = printed
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, topic]) => topic === 'orders');
      expect(rows).toHaveLength(6);

      const lags = byLabels(await prometheus.query('kafka_consumergroup_lag'), 'consumergroup', 'topic', 'partition');
      const offsets = byLabels(await prometheus.query('kafka_consumergroup_current_offset'), 'consumergroup', 'topic', 'partition');

      expect(lags).toEqual(
        Object.fromEntries(rows.map(([group, topic, partition, , , lag]) => [`${group} ${topic} ${partition}`, Number(lag)])),
      );
      expect(offsets).toEqual(
        Object.fromEntries(rows.map(([group, topic, partition, offset]) => [`${group} ${topic} ${partition}`, Number(offset)])),
      );
      expect(await prometheus.value('kafka_consumergroup_lag_sum{consumergroup="slow"}')).toBe(1500 - 303);
      expect(await prometheus.value('sum(kafka_consumergroup_lag_sum{consumergroup="quick"})')).toBe(0);
    });

    test('on offsets: kafka-get-offsets', async () => {
      for (const [time, metric] of [
        ['latest', 'kafka_topic_partition_current_offset'],
        ['earliest', 'kafka_topic_partition_oldest_offset'],
      ] as const) {
        const rows = (await tool('offsets', '--time', time)).trim().split('\n');
        const told = Object.fromEntries(
          rows.map((row) => row.split(':')).map(([topic, partition, offset]) => [`${topic} ${partition}`, Number(offset)]),
        );

        expect(byLabels(await prometheus.query(metric), 'topic', 'partition')).toEqual(told);
      }
    });

    test('on bytes: kafka-log-dirs', async () => {
      const printed = (await tool('logDirs', '--describe')).trim().split('\n').at(-1)!;
      const { brokers: described } = JSON.parse(printed) as {
        brokers: { broker: number; logDirs: { partitions: { partition: string; size: number }[] }[] }[];
      };
      const told = described.flatMap(({ broker, logDirs }) =>
        logDirs.flatMap(({ partitions }) =>
          partitions.map(({ partition, size }) => [`localhost:${brokers.port(broker)} ${partition}`, size]),
        ),
      );

      const found = (await prometheus.query('kafka_log_log_size')).map(({ metric, value }) => [
        `${metric['instance']} ${metric['topic']}-${metric['partition']}`,
        value,
      ]);

      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(told));
    });
  });

  test('an alert fires when a broker is killed, Kafka counts the same, and it resolves when the broker is back', async () => {
    const tools = foreign.kafkaTools === undefined ? undefined : new KafkaTools();
    const victim = 2;
    const instance = `localhost:${brokers.port(victim)}`;

    await brokers.kill(victim, 'SIGKILL');

    await until(async () => (await firing('KafkaLiteBrokerDown')).length > 0, { forMs: 20_000 });
    expect((await firing('KafkaLiteBrokerDown')).map(({ labels }) => [labels['instance'], labels['kafka_cluster']])).toEqual([
      [instance, 'kafka-lite-cluster'],
    ]);
    const expected = ['KafkaLiteUnderReplicated', 'KafkaLiteBrokerNotInService'];
    await until(async () => (await Promise.all(expected.map(firing))).every(({ length }) => length === 1), { forMs: 20_000 });
    expect(await prometheus.value('kafka_brokers')).toBe(2);
    expect(await prometheus.value('sum(kafka_controller_kafkacontroller_activecontrollercount)')).toBe(1);
    if (tools !== undefined) {
      const args = ['--bootstrap-server', brokers.bootstrap, '--describe', '--under-replicated-partitions'];
      const rows = (await tools.succeed('topics', args)).match(/^\s*Topic: /gm) ?? [];
      expect(rows.length).toBeGreaterThan(0);
      await until(async () => (await prometheus.value('sum(kafka_server_replicamanager_underreplicatedpartitions)')) === rows.length, {
        forMs: 10_000,
      });
      expect(await prometheus.value('sum(kafka_topic_partition_under_replicated_partition)')).toBe(rows.length);
      tools.stop();
    }
    expect(await prometheus.value('sum(kafka_server_replicamanager_isrshrinks_total)')).toBeGreaterThan(0);

    brokers.startBroker(victim);
    await brokers.ready([victim]);

    const left = async () => (await Promise.all(['KafkaLiteBrokerDown', ...expected].map(firing))).flat();
    await until(async () => (await left()).length === 0, { forMs: 30_000 });
    expect(await prometheus.value('kafka_brokers')).toBe(3);
    expect(await prometheus.value('sum(kafka_server_replicamanager_isrexpands_total)')).toBeGreaterThan(0);
  });
});
