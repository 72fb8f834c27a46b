import { expect, test } from 'vitest';
import { type Address, NetworkError, NodeClock } from '#platform';
import { type Api, withDefaults } from '#protocol';
import { listGroups } from '#protocol/apis/list-groups.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import type { BrokerClient } from '#transport';
import { noAnswer, RemoteCluster } from './remote-cluster.ts';

/** Brokers by port; those that are down refuse. */
function clusterOf(options: { down?: number[]; brokers?: Record<number, number> } = {}) {
  const { down = [], brokers = { 1: 9001, 2: 9002, 3: 9003 } } = options;
  const asked: string[] = [];
  const client = {
    send: async ({ port }: Address, api: Api) => {
      asked.push(`${api.name} ${port}`);
      if (down.includes(port)) throw new NetworkError('ECONNRESET', 'it is down');
      const nodes = Object.entries(brokers).map(([id, at]) => ({ nodeId: Number(id), host: 'localhost', port: at }));
      return withDefaults(api.response, api.key === metadata.key ? { brokers: nodes, topics: [] } : { errorCode: 'NONE', groups: [] });
    },
  } as unknown as BrokerClient;
  const bootstrap = [9001, 9002].map((port) => ({ host: 'localhost', port }));
  return { cluster: new RemoteCluster({ client, clock: new NodeClock(), bootstrap, patienceMs: 100 }), asked, down, brokers };
}

const groups = (cluster: RemoteCluster, to: number | 'anyone') => cluster.send(to, listGroups, { statesFilter: [], typesFilter: [] });

test('whoever answered last is asked first, and those that do not answer are passed over', async () => {
  const { cluster, asked, down } = clusterOf({ down: [9001] });

  await groups(cluster, 'anyone');
  down.push(9002);
  down.splice(down.indexOf(9001), 1);
  await groups(cluster, 'anyone');
  await groups(cluster, 'anyone');

  expect(asked.map((each) => each.split(' ')[1])).toEqual(['9001', '9002', '9002', '9001', '9001']);
});

test('one that did not answer is asked last from then on, until it answers', async () => {
  const { cluster, asked, down } = clusterOf({ down: [9001] });
  await groups(cluster, 3);
  asked.length = 0;

  down.push(9002);
  await groups(cluster, 'anyone');
  await groups(cluster, 'anyone');

  expect(asked.map((each) => each.split(' ')[1])).toEqual(['9002', '9003', '9003']);
});

test('a broker that was not named is found by its id, and asked when all that were named are down', async () => {
  const { cluster, asked, down } = clusterOf();

  await groups(cluster, 3);
  down.push(9001, 9002);
  await groups(cluster, 'anyone');

  expect(asked).toEqual(['Metadata 9001', 'ListGroups 9003', 'ListGroups 9001', 'ListGroups 9002', 'ListGroups 9003']);
});

test('a broker that nobody knows was certainly not asked', async () => {
  const { cluster } = clusterOf();

  await expect(groups(cluster, 7)).rejects.toMatchObject({ errorName: 'BROKER_NOT_AVAILABLE' });
});

test('when nobody answers, all that were asked are named, and nothing was done', async () => {
  const { cluster } = clusterOf({ down: [9001, 9002] });

  await expect(groups(cluster, 'anyone')).rejects.toMatchObject({
    code: 'ECONNREFUSED',
    message: 'localhost:9001 does not answer: it is down; localhost:9002 does not answer: it is down',
  });
});

test('who does not answer is named once, however often the reason does so', () => {
  const failed = 'connecting to [::1]:9001: nobody listens there (ECONNREFUSED)';

  for (const told of [
    `Metadata to [::1]:9001 was not sent: ${failed}`,
    `not sent: [::1]:9001 is left alone for 195 ms after it failed (${failed})`,
  ])
    expect(noAnswer({ host: '::1', port: 9001 }, new NetworkError('ECONNREFUSED', told))).toBe(
      '[::1]:9001 does not answer: nobody listens there (ECONNREFUSED)',
    );
});

test('a broker that knows nobody, as it has no controller, makes no one forgotten', async () => {
  const { cluster, asked, brokers } = clusterOf();
  await groups(cluster, 3);
  for (const id of Object.keys(brokers)) delete brokers[Number(id)];
  await cluster.send('anyone', metadata, { topics: [] });

  await groups(cluster, 3);

  expect(asked.at(-1)).toBe('ListGroups 9003');
});
