import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from '../cluster-under-test.ts';
import { areForeignClientsWanted } from '../installed.ts';
import { KafkaTools } from '../kafka-tools.ts';
import { begunTooLow, lostBelowCommits, missing, ownedTwice } from './checks.ts';
import { Lane, partitions } from './lane.ts';
import { memberPrograms } from './programs.ts';

const [eager, cooperative, consumerProtocol] = memberPrograms['Java']!;

describe.runIf(areForeignClientsWanted && consumerProtocol !== undefined)("groups of Kafka's own consumers", () => {
  let cluster: ClusterUnderTest;
  let tools: KafkaTools;
  let producer: kafkajs.Producer;
  const lanes: Lane[] = [];
  beforeAll(async () => {
    tools = new KafkaTools();
    cluster = await startClusterUnderTest();
    const kafka = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING });
    producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
  });
  afterAll(async () => {
    await Promise.all(lanes.flatMap(({ members }) => members.map((member) => member.kill())));
    await producer?.disconnect();
    tools?.stop();
    await cluster?.stop();
  });

  async function laneOf(name: string): Promise<Lane> {
    const topic = await cluster.createTopic(name, partitions);
    const lane = new Lane(eager!, { bootstrap: cluster.bootstrap, topic, group: `${topic}-readers` });
    lanes.push(lane);
    return lane;
  }

  test('a group changes from the classic protocol to the new one and back while it reads', { timeout: 240_000 }, async () => {
    const lane = await laneOf('group-migration');
    const there = ['--bootstrap-server', cluster.bootstrap];
    const isOfType = async (type: string) =>
      new RegExp(`${lane.group}\\s+${type}`).test(await tools.succeed('consumerGroups', [...there, '--list', '--type']));
    const readMore = async () => {
      await lane.write(producer, 10);
      await lane.allRead();
    };
    lane.join(2, cooperative);
    await readMore();

    lane.join(1, consumerProtocol);
    await until(() => isOfType('Consumer'), { forMs: 60_000 });
    await lane.shared(3);
    await readMore();
    await Promise.all(lane.members.slice(0, 2).map((member) => member.stop()));
    await lane.shared(1);
    await readMore();
    lane.join(1, cooperative);
    await lane.shared(2);
    await readMore();
    await lane.members[2]!.stop();
    await until(() => isOfType('Classic'), { forMs: 60_000 });
    await lane.shared(1);
    await readMore();

    for (const check of [ownedTwice, lostBelowCommits, begunTooLow]) expect(check(lane.events), check.name).toEqual([]);
    expect(missing(lane.events, lane.values)).toEqual([]);
  });

  test.runIf(process.env['CLIENTS_BOOTSTRAP'] === undefined)(
    "Kafka's dump-log reads what we write about groups",
    { timeout: 120_000 },
    async () => {
      const lane = await laneOf('group-dump');
      await lane.write(producer, 10);
      lane.join(1);
      await lane.allRead();
      await lane.members[0]!.stop();

      let dumped = '';
      for (const id of cluster.brokers!.ids) {
        const found = await succeed('sh', ['-c', `find ${cluster.brokers!.dataOf(id)} -path '*__consumer_offsets*.log' -size +0`]);
        const files = found.trim().split('\n').filter(Boolean);
        if (files.length > 0) dumped += await tools.succeed('dumpLog', ['--offsets-decoder', '--print-data-log', '--files', files.join()]);
      }

      expect(dumped).toContain(`{"type":"1","data":{"group":"${lane.group}","topic":"${lane.topic}","partition":7}}`);
      expect(dumped).toMatch(/"version":"[34]","data":\{"offset":10,"leaderEpoch":0,"metadata":""/);
      expect(dumped).toContain(`{"type":"2","data":{"group":"${lane.group}"}}`);
      expect(dumped).toMatch(/"protocolType":"consumer","generation":1,"protocol":"range"/);
      expect(dumped).not.toMatch(/corrupt|mismatch/i);
    },
  );
});
