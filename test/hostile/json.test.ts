import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { residentMegabytes } from '../support/memory.ts';

let cluster: BrokerProcesses;

beforeAll(async () => {
  cluster = await BrokerProcesses.start(1);
  expect((await post('/create-topic', '{"topic":"test","partitions":3}')).status).toBe(200);
});
afterAll(() => cluster?.stop());

async function post(path: string, body: string | Uint8Array<ArrayBuffer>): Promise<{ status: number; text: string }> {
  const answer = await fetch(cluster.url(1, path), { method: 'POST', body });
  return { status: answer.status, text: await answer.text() };
}

const produce = (fields: string) => `{"topic":"test","message":"x",${fields}}`;

test.each([
  { what: 'nothing', body: '' },
  { what: 'no JSON', body: 'topic=test' },
  { what: 'half a JSON', body: '{"topic":"test","parti' },
  { what: 'null', body: 'null' },
  { what: 'an array', body: '[1,2,3]' },
  { what: 'bytes that are not UTF-8', body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]) },
  { what: 'JSON a hundred thousand levels deep', body: '['.repeat(100_000) },
  { what: 'objects fifty thousand levels deep', body: `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` },
  { what: 'a partition beyond 2^53', body: produce('"partition":9007199254740993') },
  { what: 'a partition beyond every number', body: produce('"partition":1e999') },
  { what: 'a negative partition', body: produce('"partition":-1') },
  { what: 'half a partition', body: produce('"partition":0.5') },
  { what: 'a partition in words', body: produce('"partition":"one"') },
  { what: 'no partition', body: '{"topic":"test","message":"x"}' },
  { what: 'a message that is no text', body: '{"topic":"test","partition":0,"message":{"a":1}}' },
  { what: 'a topic that is an array', body: '{"topic":["test"],"partition":0,"message":"x"}' },
  { what: '__proto__ in place of the fields', body: '{"__proto__":{"topic":"test","partition":0,"message":"x"}}' },
])('$what in place of a message to produce is answered with 400 and a sentence', async ({ body }) => {
  const { status, text } = await post('/produce', body);

  expect([400, 404]).toContain(status);
  expect(text).toMatch(/[a-z]{3,} [a-z]{2,}/i);
  expect(text).not.toContain('node_modules');
});

test.each([
  ['partitions', '0'],
  ['partitions', '-1'],
  ['partitions', '1.5'],
  ['partitions', '1e9'],
  ['partitions', '9007199254740993'],
  ['partitions', 'null'],
  ['topic', '7'],
])('a topic with %s=%s is not created', async (field, value) => {
  const fields: Record<string, string> = { topic: '"never"', partitions: '1', [field]: value };

  const { status } = await post('/create-topic', `{"topic":${fields['topic']},"partitions":${fields['partitions']}}`);

  expect(status).toBe(400);
  expect((await (await fetch(cluster.url(1, '/list-topics'))).json()) as object).toEqual({ topics: ['test'] });
});

test.each([
  '-1',
  '1e3',
  '0x10',
  'one',
  '',
  '9223372036854775808',
  '99999999999999999999999',
])('an offset of "%s" is answered with 400', async (offset) => {
  const answer = await fetch(cluster.url(1, `/consume?topic=test&partition=0&offset=${offset}`));

  expect(answer.status).toBe(400);
});

test('the largest offset that there can be is just past the end', async () => {
  const answer = await fetch(cluster.url(1, '/consume?topic=test&partition=0&offset=9223372036854775807'));

  expect([204, 400]).toContain(answer.status);
});

test('a body of 200 MB is refused without being kept, and the broker lives', { timeout: 60_000 }, async () => {
  const before = residentMegabytes(cluster.pid(1));
  const huge = new Uint8Array(200 * 1024 * 1024).fill(0x78);

  // The broker may close the connection before it has been sent everything.
  const refused = await post('/produce', huge).catch(() => undefined);

  expect([undefined, 413]).toContain(refused?.status);
  expect(residentMegabytes(cluster.pid(1)) - before).toBeLessThan(150);
  expect(await post('/produce', '{"topic":"test","partition":0,"message":"after"}')).toEqual({ status: 200, text: '{"offset":0}' });
});
