import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KafkaClient } from '../../support/kafka-client.ts';
import { until } from '../../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from '../cluster-under-test.ts';
import { areThoroughTestsWanted } from '../installed.ts';
import { begunTooLow, committedBackwards, lostBelowCommits, missing, ownedTwice } from './checks.ts';
import { Lane, observer, partitions } from './lane.ts';
import { memberPrograms } from './programs.ts';

/**
 * Three members share twelve partitions; one is killed; one joins; the broker is killed that coordinates the groups and leads a third of
 * the partitions. All clients of a part play at the same time, each in a group of its own, and then each is looked at.
 */
describe.runIf(areThoroughTestsWanted).each(Object.entries(memberPrograms))('groups of %s', (_, programs) => {
  let cluster: ClusterUnderTest;
  let client: KafkaClient;
  let lanes: Lane[] = [];
  let isOver = false;
  let looking: Promise<void> | undefined;

  beforeAll(async () => {
    // As short as the sessions of the classic members, which choose their own.
    cluster = await startClusterUnderTest({ 'group.consumer.session.timeout.ms': 10_000, 'group.consumer.heartbeat.interval.ms': 1000 });
    client = new KafkaClient(cluster.bootstrap);
    const kafka = new kafkajs.Kafka({
      brokers: cluster.bootstrap.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 30, maxRetryTime: 500 },
    });
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    const admin = kafka.admin();
    await Promise.all([producer.connect(), admin.connect()]);
    lanes = await Promise.all(
      programs.map(async (program) => {
        const topic = await cluster.createTopic(`group-${program.client.replaceAll(/[^A-Za-z]+/g, '-')}`, partitions);
        return new Lane(program, { bootstrap: cluster.bootstrap, topic, group: await groupOn(3, topic) });
      }),
    );
    const all = (act: (lane: Lane) => Promise<void>) => Promise.all(lanes.map(act));
    looking = (async () => {
      for (; !isOver; await sleep(250)) await all((lane) => lane.look(admin)).catch(() => {});
    })();

    await all((lane) => lane.write(producer, 10));
    for (const lane of lanes) lane.join(3);
    await all((lane) => lane.allRead());
    await all((lane) => lane.shared(3));
    await all((lane) => lane.members[0]!.kill());
    await all((lane) => lane.write(producer, 10));
    await all((lane) => lane.allRead());
    await all((lane) => lane.shared(2));
    for (const lane of lanes) lane.join(1);
    await all((lane) => lane.write(producer, 5));
    await all((lane) => lane.shared(3));
    await cluster.brokers?.kill(3);
    await all((lane) => lane.write(producer, 10));
    await all((lane) => lane.allRead());
    cluster.brokers?.startBroker(3);
    await cluster.brokers?.ready([3]);
    await all((lane) => lane.write(producer, 5));
    await all((lane) => lane.allRead());
    await all((lane) => Promise.all(lane.members.map((member) => member.stop())).then(() => {}));
    isOver = true;
    await looking;
    await all((lane) => lane.look(admin));
    await Promise.all([producer.disconnect(), admin.disconnect()]);
  }, 400_000);

  afterAll(async () => {
    isOver = true;
    await looking;
    await Promise.all(lanes.flatMap(({ members }) => members.map((member) => member.kill())));
    client?.close();
    await cluster?.stop();
  });

  /** A name for a group that this broker coordinates. */
  async function groupOn(broker: number, topic: string): Promise<string> {
    for (let i = 0; ; i++) {
      const group = `${topic}-readers-${i}`;
      if (cluster.brokers === undefined) return group;
      await until(async () => (await client.coordinatorOf(group)) >= 0, { forMs: 30_000 });
      if ((await client.coordinatorOf(group)) === broker) return group;
    }
  }

  test.each(
    programs.map(({ client }, index) => ({ client, index })),
  )('G1, G3, G9: $client: every record is read, nothing below a commit is lost, each partition has one owner', ({ index }) => {
    const { events, values } = lanes[index]!;

    expect(missing(events, values)).toEqual([]);
    if (!programs[index]!.isLate) expect(ownedTwice(events)).toEqual([]);
    expect(lostBelowCommits(events)).toEqual([]);
    if (!programs[index]!.isLate) expect(begunTooLow(events)).toEqual([]);
    if (!programs[index]!.isStale) expect(committedBackwards(events, observer)).toEqual([]);
    // Enough happened for that to mean something.
    expect(events.filter(({ type }) => type === 'committed').length).toBeGreaterThan(partitions * 3);
    expect(new Set(events.flatMap((event) => (event.type === 'record' ? [event.member] : []))).size).toBeGreaterThanOrEqual(3);
  });
});
