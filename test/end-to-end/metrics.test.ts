import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokersInProcess } from '../support/brokers-in-process.ts';
import { MetricsPage } from '../support/metrics-page.ts';
import { until } from '../support/until.ts';

let cluster: BrokersInProcess;
let kafka: kafkajs.Kafka;
let producer: kafkajs.Producer;
let admin: kafkajs.Admin;

beforeAll(async () => {
  cluster = await BrokersInProcess.start(3, { 'offsets.topic.num.partitions': '3', 'group.initial.rebalance.delay.ms': '0' });
  kafka = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING });
  producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);
});
afterAll(async () => {
  await Promise.all([producer?.disconnect(), admin?.disconnect()]);
  await cluster?.[Symbol.asyncDispose]();
});

async function pageOf(index: number, path = '/metrics', accept?: string, of = cluster): Promise<MetricsPage> {
  const answer = await fetch(of.url(index, path), accept === undefined ? {} : { headers: { accept } });
  const text = await answer.text();
  expect({ status: answer.status, text: answer.status === 200 ? '' : text }).toEqual({ status: 200, text: '' });
  return new MetricsPage(text);
}

function allPages(path?: string): Promise<MetricsPage[]> {
  return Promise.all(cluster.brokers.map((_, index) => pageOf(index, path)));
}

/** Over all brokers, as a dashboard adds up. */
async function sums(names: readonly string[], labels: Readonly<Record<string, string>>): Promise<Record<string, number>> {
  const pages = await allPages();
  return Object.fromEntries(names.map((name) => [name, pages.reduce((sum, page) => sum + page.sum(name, labels), 0)]));
}

async function write(topic: string, counts: readonly number[]): Promise<void> {
  const messages = counts.flatMap((count, partition) => Array.from({ length: count }, (_, i) => ({ partition, value: `record ${i}` })));
  await producer.send({ topic, messages, acks: -1 });
}

async function fresh(topic: string, numPartitions: number, replicationFactor = 3): Promise<string> {
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor }], waitForLeaders: true });
  return topic;
}

async function committed(group: string, topic: string, offsets: readonly number[]): Promise<void> {
  const body = JSON.stringify({ offsets: offsets.map((offset, partition) => ({ topic, partition, offset })) });
  const answer = await fetch(cluster.url(0, `/groups/${group}/offsets`), { method: 'PUT', body });
  expect({ status: answer.status, text: await answer.text() }).toMatchObject({ status: 200 });
}

describe('the page', () => {
  test('is what Prometheus reads: every family announced, no series twice, counters named as such, in both formats', async () => {
    await write(await fresh('plain', 2), [1, 1]);

    for (const accept of ['*/*', 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1']) {
      const page = await pageOf(0, '/metrics', accept);

      expect(page.isOpenMetrics).toBe(accept !== '*/*');
      const counters = [...page.families].filter(([, { type }]) => type === 'counter').map(([name]) => name);
      expect(counters.filter((name) => name.endsWith('_total') === page.isOpenMetrics)).toEqual([]);
      expect(counters.length).toBeGreaterThan(10);
      expect(page.series('kafkalite_scrape_success').filter(({ value }) => value !== 1)).toEqual([]);
    }
  });

  test.each([
    ['*/*', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text; version=1.0.0', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  ])('to a client that accepts %s it is %s', async (accept, contentType) => {
    const answer = await fetch(cluster.url(0, '/metrics'), { headers: { accept } });

    expect(answer.headers.get('content-type')).toBe(contentType);
  });

  test('names what may be asked for when something else is', async () => {
    const answer = await fetch(cluster.url(0, '/metrics?detail=everything'));

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: 'The parameter "detail" must be left out or be "partition", not "everything".',
    });
  });

  test('is written for several brokers of one process and for several readers at once', async () => {
    const pages = await Promise.all([...cluster.brokers.keys(), 0, 1, 2, 0].map((index) => pageOf(index)));

    for (const page of pages) expect(page.value('process_start_time_seconds')).toBeGreaterThan(0);
  });
});

describe('after traffic that is known', () => {
  test('records, bytes and requests add up over the brokers, by topic', async () => {
    const topic = await fresh('counted', 3);
    await write(topic, [3, 4, 5]);
    const group = 'counted-readers';
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let read = 0;
    await consumer.run({ eachMessage: async () => void read++ });
    await until(() => read === 12, { forMs: 20_000 });
    await consumer.disconnect();

    const found = await sums(
      [
        'kafka_server_brokertopicmetrics_messagesin_total',
        'kafka_server_brokertopicmetrics_totalproducerequests_total',
        'kafka_server_brokertopicmetrics_failedproducerequests_total',
        'kafka_topic_partition_current_offset',
        'kafka_topic_partitions',
      ],
      { topic },
    );
    expect(found).toEqual({
      kafka_server_brokertopicmetrics_messagesin_total: 12,
      kafka_server_brokertopicmetrics_totalproducerequests_total: 3,
      kafka_server_brokertopicmetrics_failedproducerequests_total: 0,
      kafka_topic_partition_current_offset: 12,
      kafka_topic_partitions: 3,
    });
    const bytes = await sums(
      [
        'kafka_server_brokertopicmetrics_bytesin_total',
        'kafka_server_brokertopicmetrics_bytesout_total',
        'kafka_server_brokertopicmetrics_replicationbytesin_total',
        'kafka_server_brokertopicmetrics_replicationbytesout_total',
        'kafka_log_log_size',
        'kafkalite_topic_log_size_bytes',
      ],
      { topic },
    );
    const written = bytes['kafka_server_brokertopicmetrics_bytesin_total']!;
    expect(written).toBeGreaterThan(12 * 'record 1'.length);
    expect(bytes).toMatchObject({
      kafka_server_brokertopicmetrics_replicationbytesin_total: 2 * written,
      kafka_log_log_size: 3 * written,
      kafkalite_topic_log_size_bytes: 3 * written,
    });
    // A follower that is given another partition meanwhile asks again, and what a group has not read is looked at for its age.
    expect(bytes['kafka_server_brokertopicmetrics_replicationbytesout_total']).toBeGreaterThanOrEqual(2 * written);
    expect(bytes['kafka_server_brokertopicmetrics_bytesout_total']).toBeGreaterThanOrEqual(written);
  });

  test('a batch that is refused counts as a produce request that failed, and not as records', async () => {
    const topic = await fresh('refused', 1);
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'max.message.bytes', value: '100' }] }],
    });

    const large = producer.send({ topic, messages: [{ value: 'x'.repeat(1000) }], acks: -1 });

    await expect(large).rejects.toThrow();
    const names = ['messagesin', 'bytesin', 'totalproducerequests', 'failedproducerequests'];
    const found = await sums(
      names.map((name) => `kafka_server_brokertopicmetrics_${name}_total`),
      { topic },
    );
    const [records, bytes, asked, failed] = Object.values(found);
    expect({ records, bytes }).toEqual({ records: 0, bytes: 0 });
    expect(failed).toBe(asked);
    expect(failed).toBeGreaterThan(0);
  });

  test('requests are counted and timed by API and version, fetches of followers apart from those of consumers', async () => {
    const topic = await fresh('timed', 1);
    const before = await allPages();
    for (let i = 0; i < 5; i++) await write(topic, [1]);

    const after = await allPages();

    const count = (pages: readonly MetricsPage[], name: string, labels: Record<string, string>) =>
      pages.reduce((sum, page) => sum + page.sum(name, labels), 0);
    const more = (name: string, labels: Record<string, string>) => count(after, name, labels) - count(before, name, labels);
    expect(more('kafkalite_request_duration_seconds_count', { api: 'Produce' })).toBe(5);
    expect(more('kafka_network_requestmetrics_requests_total', { request: 'Produce' })).toBe(5);
    expect(more('kafkalite_request_duration_seconds_sum', { api: 'Produce' })).toBeGreaterThan(0);
    expect(more('kafkalite_request_duration_seconds_count', { api: 'FetchFollower' })).toBeGreaterThan(5);
    expect(more('kafkalite_request_duration_seconds_count', { api: 'Fetch' })).toBe(0);
    const p99 = after.flatMap((page) => page.series('kafka_network_requestmetrics_totaltimems', { request: 'Produce', quantile: '0.99' }));
    expect(p99.some(({ value }) => value > 0)).toBe(true);
    for (const part of ['localtimems', 'remotetimems', 'requestqueuetimems', 'responsequeuetimems', 'responsesendtimems'])
      expect(
        after.flatMap((page) => page.series(`kafka_network_requestmetrics_${part}`, { request: 'FetchFollower', quantile: '0.95' })),
      ).not.toEqual([]);
  });

  test('syncs, commits of the metadata log and connections are counted', async () => {
    const before = await allPages();
    const topic = await fresh('synced', 3);
    await write(topic, [1, 1, 1]);

    const after = await allPages();

    for (const [index, page] of after.entries()) {
      expect(page.value('kafkalite_fsync_seconds_count')).toBeGreaterThan(before[index]!.value('kafkalite_fsync_seconds_count'));
      expect(page.value('kafka_server_socket_server_metrics_connection_count', { listener: 'PLAINTEXT' })).toBeGreaterThan(0);
      expect(page.value('kafka_server_socket_server_metrics_connection_count', { listener: 'HTTP' })).toBeGreaterThan(0);
      expect(page.value('kafkalite_connections_refused_total')).toBe(0);
      expect(page.value('kafka_server_kafkaserver_brokerstate')).toBe(3);
    }
    const commits = (pages: readonly MetricsPage[]) => pages[cluster.controller]!.value('kafkalite_metadata_commit_seconds_count');
    expect(commits(after)).toBeGreaterThan(commits(before));
    const votes = after.map((page) => page.value('kafka_server_raftmetrics_current_vote'));
    expect(votes.filter((vote) => vote === cluster.controller + 1).length).toBeGreaterThanOrEqual(2);
  });

  test('HTTP requests are timed by route and status', async () => {
    const before = await pageOf(0);
    await fetch(cluster.url(0, '/consume?topic=nowhere&partition=0&offset=0'));
    await fetch(cluster.url(0, '/groups/some-group'));
    await fetch(cluster.url(0, '/no/such/route'));

    const after = await pageOf(0);

    const more = (route: string, status: number) =>
      after.sum('kafkalite_http_request_duration_seconds_count', { route, status: String(status) }) -
      before.sum('kafkalite_http_request_duration_seconds_count', { route, status: String(status) });
    expect([more('/consume', 404), more('/groups/{group}', 404), more('', 404)]).toEqual([1, 1, 1]);
  });

  test('what is deleted leaves no series behind', async () => {
    const topic = await fresh('short-lived', 1);
    await write(topic, [2]);
    expect((await allPages()).flatMap((page) => page.samples.filter(({ labels }) => labels['topic'] === topic))).not.toEqual([]);

    await admin.deleteTopics({ topics: [topic] });

    const left = async () => (await allPages()).flatMap((page) => page.samples.filter(({ labels }) => labels['topic'] === topic));
    await until(async () => (await left()).length === 0, { forMs: 10_000 });
  });
});

describe('what is about the cluster', () => {
  test('comes from the controller alone', async () => {
    const pages = await allPages();
    const { controller } = cluster;

    expect(pages.map((page) => page.value('kafka_controller_kafkacontroller_activecontrollercount'))).toEqual(
      pages.map((_, index) => (index === controller ? 1 : 0)),
    );
    const once = [
      'kafka_brokers',
      'kafka_controller_kafkacontroller_activebrokercount',
      'kafka_controller_kafkacontroller_fencedbrokercount',
      'kafka_controller_kafkacontroller_globaltopiccount',
      'kafka_controller_kafkacontroller_globalpartitioncount',
      'kafka_controller_kafkacontroller_offlinepartitionscount',
      'kafka_controller_kafkacontroller_preferredreplicaimbalancecount',
    ];
    for (const name of once)
      expect([name, pages.map((page) => page.series(name).length)]).toEqual([name, pages.map((_, i) => (i === controller ? 1 : 0))]);
    expect(pages[controller]!.value('kafka_brokers')).toBe(3);
    expect(pages[controller]!.series('kafka_broker_info').map(({ labels, value }) => [labels['address'], value])).toEqual(
      cluster.brokers.map(({ port }, index) => [`localhost:${port}`, index + 1]),
    );
  });

  test('comes from the leader where it is about a partition, and from every replica where it is about its log', async () => {
    const topic = await fresh('led', 3);
    await write(topic, [1, 2, 3]);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const leaders = new Map(topics[0]!.partitions.map(({ partitionId, leader }) => [partitionId, leader]));

    const pages = await allPages();

    for (const [partition, leader] of leaders) {
      const labels = { topic, partition: String(partition) };
      const from = (name: string) => pages.flatMap((page, index) => page.series(name, labels).map(({ value }) => [index + 1, value]));
      expect(from('kafka_topic_partition_leader')).toEqual([[leader, leader]]);
      expect(from('kafka_topic_partition_current_offset')).toEqual([[leader, partition + 1]]);
      expect(from('kafka_topic_partition_oldest_offset')).toEqual([[leader, 0]]);
      expect(from('kafka_topic_partition_replicas')).toEqual([[leader, 3]]);
      expect(from('kafka_topic_partition_in_sync_replica')).toEqual([[leader, 3]]);
      expect(from('kafka_topic_partition_leader_is_preferred')).toEqual([[leader, 1]]);
      expect(from('kafka_topic_partition_under_replicated_partition')).toEqual([[leader, 0]]);
      expect(from('kafka_cluster_partition_underminisr')).toEqual([[leader, 0]]);
      expect(from('kafka_log_log_logendoffset')).toEqual([1, 2, 3].map((id) => [id, partition + 1]));
    }
    expect(pages.map((page) => page.series('kafka_server_raftmetrics_current_state')[0]!.labels['current_state']).sort()).toEqual([
      'follower',
      'follower',
      'leader',
    ]);
    expect(new Set(pages.map((page) => page.value('kafka_server_raftmetrics_current_leader')))).toEqual(new Set([cluster.controller + 1]));
  });

  test("a group's lag comes from its coordinator, in records and in seconds, and is exact", async () => {
    const topic = await fresh('lagging', 2);
    const hourAgo = Date.now() - 3_600_000;
    const messages = [0, 1, 2, 3].map((i) => ({ partition: 0, value: `${i}`, timestamp: String(hourAgo + i * 1000) }));
    await producer.send({ topic, messages, acks: -1 });
    await write(topic, [0, 2]);
    await committed('laggards', topic, [1, 2]);

    const pages = await allPages();

    const from = (name: string, labels: Record<string, string>) =>
      pages.flatMap((page) => page.series(name, { consumergroup: 'laggards', ...labels }));
    const one = (name: string, labels: Record<string, string> = {}) => {
      const found = from(name, labels);
      expect([name, found.length]).toEqual([name, 1]);
      return found[0]!.value;
    };
    expect(one('kafka_consumergroup_current_offset', { topic, partition: '0' })).toBe(1);
    expect(one('kafka_consumergroup_lag', { topic, partition: '0' })).toBe(3);
    expect(one('kafka_consumergroup_lag', { topic, partition: '1' })).toBe(0);
    expect(one('kafka_consumergroup_current_offset_sum', { topic })).toBe(3);
    expect(one('kafka_consumergroup_lag_sum', { topic })).toBe(3);
    expect(one('kafka_consumergroup_members')).toBe(0);
    const seconds = (Date.now() - hourAgo - 1000) / 1000;
    expect(one('kafka_consumergroup_group_lag_seconds', { topic, partition: '0', group: 'laggards' })).toBeCloseTo(seconds, -1.5);
    expect(one('kafka_consumergroup_group_lag_seconds', { topic, partition: '1' })).toBe(0);
    expect(one('kafka_consumergroup_group_max_lag_seconds', { group: 'laggards' })).toBeCloseTo(seconds, -1.5);
    expect(one('kafka_consumergroup_group_topic_sum_lag', { topic, group: 'laggards' })).toBe(3);
  });

  test('a record whose age was looked up is not read again until the group has moved', async () => {
    const topic = await fresh('looked-at', 1);
    await write(topic, [5]);
    await committed('onlookers', topic, [2]);
    const out = async () =>
      (await sums(['kafka_server_brokertopicmetrics_bytesout_total'], { topic }))['kafka_server_brokertopicmetrics_bytesout_total'];
    await allPages();
    const before = await out();
    expect(before).toBeGreaterThan(0);

    await allPages();
    await allPages();

    expect(await out()).toBe(before);
    await committed('onlookers', topic, [3]);
    await allPages();
    expect(await out()).toBeGreaterThan(before!);
  });
});

describe('a page stays small', () => {
  test('in a cluster of more than 1,000 partitions, where each is told of only when it is asked for', async () => {
    const topic = await fresh('wide', 1000, 1);
    await committed(
      'wide-readers',
      topic,
      Array.from({ length: 1000 }, () => 0),
    );

    const pages = await allPages();

    expect(
      pages.flatMap((page) =>
        page.samples.filter(
          ({ labels }) => labels['partition'] !== undefined && labels['topic'] === topic && labels['consumergroup'] === undefined,
        ),
      ),
    ).toEqual([]);
    for (const page of pages) expect(page.samples.length).toBeLessThan(3500);
    expect(pages.reduce((sum, page) => sum + page.sum('kafka_topic_partitions', { topic }), 0)).toBe(1000);
    const detailed = await allPages('/metrics?detail=partition');
    expect(detailed.flatMap((page) => page.series('kafka_topic_partition_leader', { topic }))).toHaveLength(1000);
  });
});

describe('a scrape while something is wrong', () => {
  test('comes in time and leaves out what only the missing leader knows', async () => {
    const topic = await fresh('half', 3, 1);
    await write(topic, [1, 1, 1]);
    await committed('half-readers', topic, [0, 0, 0]);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const coordinator = await coordinatorOf('half-readers');
    const { partitionId: lost, leader: gone } = topics[0]!.partitions.find(({ leader }) => leader !== coordinator)!;
    await cluster.brokers[gone - 1]!.stop();

    const detailed = '/metrics?detail=partition';
    const began = performance.now();
    const page = await pageOf(coordinator - 1, detailed);

    expect(performance.now() - began).toBeLessThan(4000);
    const lags = page.series('kafka_consumergroup_lag', { consumergroup: 'half-readers' });
    const led = topics[0]!.partitions.filter(({ leader }) => leader !== gone).map(({ partitionId }) => String(partitionId));
    expect(lags.map(({ labels }) => labels['partition']).sort()).toEqual(led.sort());
    expect(page.series('kafka_consumergroup_lag_sum', { consumergroup: 'half-readers' })).toEqual([]);
    expect(page.value('kafkalite_scrape_success', { collector: 'consumer_groups' })).toBe(1);
    expect(page.series('kafka_consumergroup_current_offset', { consumergroup: 'half-readers' })).toHaveLength(3);
    let pages: MetricsPage[] = [];
    const told = () => pages.flatMap((each) => each.series('kafka_topic_partition_leader', { topic, partition: String(lost) }));
    const others = [...cluster.brokers.keys()].filter((index) => index !== gone - 1);
    const tell = () => JSON.stringify(told());
    await until(
      async () => {
        pages = await Promise.all(others.map((index) => pageOf(index, detailed)));
        return told().length === 1 && told()[0]!.value === -1;
      },
      { forMs: 15_000, tell },
    );
    expect(pages.reduce((sum, each) => sum + each.sum('kafka_server_replicamanager_isrshrinks_total'), 0)).toBeGreaterThan(0);
  });
});

describe('a broker alone', () => {
  test('that still looks for its cluster tells that it does, and nothing of a cluster', async () => {
    await using lonely = await BrokersInProcess.startSome(1, 3);

    const page = await pageOf(0, '/metrics', undefined, lonely);

    expect(page.value('kafka_server_kafkaserver_brokerstate')).toBe(1);
    expect(page.value('kafka_controller_kafkacontroller_activecontrollercount')).toBe(0);
    expect(page.value('kafka_server_raftmetrics_current_leader')).toBe(-1);
    expect(page.series('kafka_brokers')).toEqual([]);
    expect(page.series('kafkalite_scrape_success').filter(({ value }) => value !== 1)).toEqual([]);
  });

  test('whose disk has failed says so', async () => {
    await using broken = await BrokersInProcess.start(1);
    expect((await pageOf(0, '/metrics', undefined, broken)).value('kafka_log_logmanager_offlinelogdirectorycount')).toBe(0);
    const client = new AbortController();
    const post = (path: string, body: object) =>
      fetch(broken.url(0, path), { method: 'POST', body: JSON.stringify(body), signal: client.signal });
    await post('/create-topic', { topic: 'test', partitions: 1 });
    broken.disks[0]!.failNext('sync', 'EIO', { path: 'test-0' });

    // Nobody can say what became of it, and it is answered only when that is given up.
    const producing = post('/produce', { topic: 'test', partition: 0, message: 'lost' });

    let page = await pageOf(0, '/metrics', undefined, broken);
    await until(
      async () => {
        page = await pageOf(0, '/metrics', undefined, broken);
        return page.value('kafka_log_logmanager_offlinelogdirectorycount') === 1;
      },
      { forMs: 10_000 },
    );
    expect(page.series('kafkalite_scrape_success').filter(({ value }) => value !== 1)).toEqual([]);
    client.abort();
    await expect(producing).rejects.toThrow();
  });
});

/** As FindCoordinator tells it; kafkajs keeps it to itself. */
async function coordinatorOf(group: string): Promise<number> {
  const answer = await fetch(cluster.url(0, `/groups/${group}`));
  return ((await answer.json()) as { coordinator: number }).coordinator;
}
