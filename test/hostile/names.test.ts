import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';

let cluster: BrokerProcesses;
let client: KafkaClient;

beforeAll(async () => {
  cluster = await BrokerProcesses.start(1);
  client = new KafkaClient(cluster.bootstrap);
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
});

const overHttp = (topic: unknown, partitions: unknown = 1) =>
  fetch(cluster.url(1, '/create-topic'), { method: 'POST', body: JSON.stringify({ topic, partitions }) });

test.each([
  ['..'],
  ['.'],
  [''],
  ['../../etc/passwd'],
  ['a/b'],
  ['a\\b'],
  ['with space'],
  ['nul\0byte'],
  ['new\nline'],
  ['ünicode'],
  ['💥'],
  ['a'.repeat(250)],
  ['a'.repeat(30_000)],
])('the topic name %j is refused over Kafka and HTTP, and leaves nothing behind', async (name) => {
  const before = readdirSync(cluster.dataOf(1)).sort();

  expect(await client.createTopic(name, 1)).toBe('INVALID_TOPIC_EXCEPTION');
  const answer = await overHttp(name);
  expect(answer.status).toBe(400);
  expect((await answer.text()).length).toBeGreaterThan(10);
  const asked = await fetch(cluster.url(1, `/consume?topic=${encodeURIComponent(name)}&partition=0&offset=0`));
  expect([400, 404, 431]).toContain(asked.status); // 431: the URL is longer than any URL may be

  expect(readdirSync(cluster.dataOf(1)).sort()).toEqual(before);
});

test.each([
  ['__proto__'],
  ['constructor'],
  ['toString'],
  ['hasOwnProperty'],
  ['prototype'],
  ['a'.repeat(249)],
  ['...'],
  ['-rf'],
  ['NUL'],
  ['0'],
])('the topic name %j is a name like any other', async (name) => {
  expect((await fetch(cluster.url(1, `/consume?topic=${name}&partition=0&offset=0`))).status).toBe(404);

  const created = await overHttp(name, 2);
  expect([created.status, await created.json()]).toEqual([200, { status: 'created' }]);
  expect(await client.createTopic(name, 2)).toBe('TOPIC_ALREADY_EXISTS');

  const produced = await fetch(cluster.url(1, '/produce'), {
    method: 'POST',
    body: JSON.stringify({ topic: name, partition: 1, message: 'Hello' }),
  });
  expect(await produced.json()).toEqual({ offset: 0 });
  const consumed = await fetch(cluster.url(1, `/consume?topic=${name}&partition=1&offset=0`));
  expect(await consumed.json()).toEqual({ offset: 0, message: 'Hello' });
  const listed = (await (await fetch(cluster.url(1, '/list-topics'))).json()) as { topics: string[] };
  expect(listed.topics).toContain(name);
  const shown = JSON.parse(await (await fetch(cluster.url(1, '/metadata'))).text(), (key, value) => (key === '__proto__' ? value : value));
  expect(Object.getOwnPropertyNames(shown.topic_partitions)).toContain(name);
});

test('names that differ only in dots and underscores are refused, as Kafka refuses them', async () => {
  expect(await client.createTopic('orders.paid', 1)).toBe('NONE');

  expect(await client.createTopic('orders_paid', 1)).toBe('INVALID_TOPIC_EXCEPTION');
});

test('all of them are still there after a restart', async () => {
  await client.refresh();
  const before = client.topics.sort();
  await cluster.kill(1, 'SIGTERM');
  cluster.startBroker(1);
  await cluster.ready();

  const listed = (await (await fetch(cluster.url(1, '/list-topics'))).json()) as { topics: string[] };

  expect(listed.topics.sort()).toEqual(before);
  expect(before).toContain('__proto__');
});
