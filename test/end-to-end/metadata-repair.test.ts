import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { eventually, http } from './cluster.ts';

// Starting processes takes its time where others work as well.
const timeout = 120_000;

/** What a broker says to a request. */
const body = async (brokers: BrokerProcesses, id: number, path: string) => (await http('GET', brokers.url(id, path))).body;

/** Spoils the metadata log, and what snapshots there are, in their middle. */
function damageMetadata(brokers: BrokerProcesses, id: number): void {
  const metadata = join(brokers.dataOf(id), '__cluster_metadata-0');
  for (const name of readdirSync(metadata)) if (/\.(log|checkpoint)$/.test(name)) flipBit(join(metadata, name), 0.5);
}

function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length * at)]! ^= 1;
  writeFileSync(path, bytes);
}

test('metadata-log-middle-bitflip, snapshot-corrupt-then-leader: a broker whose metadata is damaged comes back with all topics and records, and takes none from others', {
  timeout,
}, async () => {
  await using brokers = await BrokerProcesses.start(3);
  const topics = ['first', 'second', 'third'];
  for (const topic of topics) {
    await http('POST', brokers.url(1, '/create-topic'), JSON.stringify({ topic, partitions: 3 }));
    const produced = await http('POST', brokers.url(2, '/produce'), JSON.stringify({ topic, partition: 0, message: `kept in ${topic}` }));
    expect(produced.status).toBe(200);
  }

  for (const id of [2, 3]) {
    await brokers.kill(id);
    damageMetadata(brokers, id);
    brokers.startBroker(id);
    await brokers.ready();

    await eventually(
      async () => existsSync(join(brokers.dataOf(id), 'metadata-repair.json')),
      (isRepairing) => !isRepairing,
    );
    expect(readdirSync(brokers.dataOf(id)).filter((name) => /^__cluster_metadata-0\..*-stray$/.test(name))).toHaveLength(1);
    for (const reader of brokers.ids) {
      expect(JSON.parse(await body(brokers, reader, '/list-topics'))).toEqual({ topics });
      for (const topic of topics) {
        expect(await body(brokers, reader, `/consume?topic=${topic}&partition=0&offset=0`)).toContain(`kept in ${topic}`);
      }
    }
  }
});

test('R13: with a majority damaged nobody is elected, and /readyz and the log say why', { timeout }, async () => {
  await using brokers = await BrokerProcesses.start(3);
  for (const id of brokers.ids) await brokers.kill(id);
  for (const id of [1, 2]) damageMetadata(brokers, id);

  for (const id of brokers.ids) brokers.startBroker(id);

  for (const id of [1, 2]) {
    const readiness = () => body(brokers, id, '/readyz').catch(() => '');
    await eventually(readiness, (said) => said.includes('metadata log of this broker was damaged, so it does not vote'));
    expect((await http('GET', brokers.url(id, '/readyz'))).status).toBe(503);
    expect(brokers.stderr(id)).toMatch(/00000000000000000000\.log is damaged at offset/);
  }
  expect(await body(brokers, 3, '/readyz')).toContain('a majority of its voters must be up');
});
