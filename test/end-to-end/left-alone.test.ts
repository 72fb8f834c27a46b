import { expect, test } from 'vitest';
import { NodeClock, NodeNetwork, silentLogger } from '#platform';
import { metadata } from '#protocol/apis/metadata.ts';
import { BrokerClient } from '#transport';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { eventually } from './cluster.ts';

test('a broker whose controller was killed together with another says that there is none, although it cannot elect one', async () => {
  await using brokers = await BrokerProcesses.start(3);
  const controller = await controllerOf(brokers);
  const left = brokers.ids.find((id) => id !== controller)!;

  await Promise.all(brokers.ids.filter((id) => id !== left).map((id) => brokers.kill(id)));

  const trouble = await eventually(
    async () => String(((await (await fetch(brokers.url(left, '/readyz'))).json()) as { trouble?: string }).trouble),
    (said) => said !== 'undefined' && said !== 'null',
  );
  expect(trouble).toContain('the cluster has no controller');
});

async function controllerOf(brokers: BrokerProcesses): Promise<number> {
  const client = new BrokerClient({ network: new NodeNetwork(), clock: new NodeClock(), log: silentLogger, clientId: 'test' });
  const anywhere = { host: 'localhost', port: brokers.port(1) };
  const { controllerId } = await client.send(anywhere, metadata, { topics: [], allowAutoTopicCreation: false });
  client.close();
  return controllerId;
}
