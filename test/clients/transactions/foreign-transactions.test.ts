import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KafkaClient } from '../../support/kafka-client.ts';
import { until } from '../../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from '../cluster-under-test.ts';
import { areThoroughTestsWanted, foreign } from '../installed.ts';
import type { Program } from '../programs.ts';
import { Copier } from './copier.ts';
import { KcatReader } from './kcat-reader.ts';
import { readsUnstableOffsets, transactionalPrograms } from './programs.ts';
import { RemoteProducer } from './remote-producer.ts';

/** What clients do with transactions over three partitions, on three brokers. What readers of committed records find decides. */
const partitions = 3;
const often = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': 200 };

describe.runIf(areThoroughTestsWanted)('transactions of clients in other languages', () => {
  let cluster: ClusterUnderTest;
  let reader: KafkaClient;
  let kafka: kafkajs.Kafka;
  const producers: RemoteProducer[] = [];
  const copiers: Copier[] = [];
  const readers: KcatReader[] = [];
  beforeAll(async () => {
    cluster = await startClusterUnderTest(often);
    reader = new KafkaClient(cluster.bootstrap);
    kafka = new kafkajs.Kafka({
      brokers: cluster.bootstrap.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 30, maxRetryTime: 500 },
    });
  });
  afterEach(async () => {
    await Promise.all([...producers.splice(0).map((one) => one.stop()), ...copiers.splice(0).map((one) => one.stop('SIGKILL'))]);
    for (const one of readers.splice(0)) one.stop();
  });
  afterAll(async () => {
    reader?.close();
    await cluster?.stop();
  });

  async function start(program: Program, topic: string, transactionalId: string, timeoutMs: number): Promise<RemoteProducer> {
    const producer = await RemoteProducer.start(program, { bootstrap: cluster.bootstrap, topic, transactionalId, timeoutMs });
    producers.push(producer);
    return producer;
  }

  /** Begins a transaction with a record for each partition. */
  const open = (value: string) => ['begin', ...Array.from({ length: partitions }, (_, partition) => `send ${partition} ${value}`)];

  /** The values that count, by partition. @throws while a transaction is open, or a partition has no leader */
  const committed = (topic: string) =>
    settled(topic).catch(async (error: unknown) => {
      await reader.refresh(); // a leader may have moved
      throw error;
    });
  const settled = (topic: string) => Promise.all(Array.from({ length: partitions }, (_, partition) => stable(topic, partition)));
  async function stable(topic: string, partition: number): Promise<string[]> {
    const { records, lastStableOffset } = await reader.committed(topic, partition);
    if (lastStableOffset !== (await reader.endOffset(topic, partition))) throw new Error(`something is open in ${topic}-${partition}`);
    return records.map(({ value }) => String(value));
  }
  async function whenStable(topic: string): Promise<string[][]> {
    let found: string[][] | undefined;
    await until(
      async () => {
        found = await committed(topic).catch(() => undefined);
        return found !== undefined;
      },
      { forMs: 30_000 },
    );
    return found!;
  }

  test.for(transactionalPrograms)('T1, T2, T4, T7: $client commits, aborts, is fenced, and takes too long', {
    timeout: 120_000,
  }, async (program) => {
    const topic = await cluster.createTopic(`${program.client}-ends`, partitions);

    const first = await start(program, topic, topic, 20_000);
    for (let i = 0; i < 10; i++) await first.do(...open(`${i}`), i % 3 === 2 ? 'abort' : 'commit');
    await first.do(...open('left-open'));
    const second = await start(program, topic, topic, 20_000);
    await second.do(...open('successor'), 'commit');
    const fenced = await first.ask('commit');
    const slow = await start(program, topic, `${topic}-slow`, 2000);
    // On a busy machine its time may be over before it has sent all of it.
    for (const command of open('slow')) await slow.ask(command);
    const found = await whenStable(topic);
    const late = await slow.ask('commit');

    expect(fenced).toMatch(/^failed/);
    expect(late).toMatch(/^failed/);
    expect(found).toEqual(Array(partitions).fill([0, 1, 3, 4, 6, 7, 9].map(String).concat('successor')));
    expect(await whenStable(topic)).toEqual(found);
  });

  test('T1, T2, T6, T9: while copiers and brokers are killed, leaders and coordinators, all clients copy each input once, in whole transactions', {
    timeout: 300_000,
  }, async () => {
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const read = (target: string) => {
      const kcat = new KcatReader(cluster.bootstrap, target);
      readers.push(kcat);
      return kcat;
    };
    const lanes = await Promise.all(
      transactionalPrograms.map(async (program) => {
        const source = await cluster.createTopic(`${program.client}-source`, partitions);
        const target = await cluster.createTopic(`${program.client}-target`, partitions);
        const group = `${source}-copiers`;
        const copier = new Copier(program, {
          ...{ bootstrap: cluster.bootstrap, source, target, group, partitions, copies: partitions, vainEvery: 3 },
          ...{ transactionalId: group, timeoutMs: 20_000 },
        });
        copiers.push(copier);
        return { program, source, target, group, copier, seen: foreign.kcat === undefined ? undefined : read(target) };
      }),
    );
    let written = 0;
    const feed = async (forMs: number) => {
      for (const end = performance.now() + forMs; performance.now() < end; await sleep(200)) {
        const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: `${written}-${partition}` }));
        await Promise.all(lanes.map(({ source }) => producer.send({ topic: source, messages, acks: -1 })));
        written++;
      }
    };

    for (const { copier } of lanes) copier.start();
    await feed(4000);
    for (const { copier } of lanes) {
      await copier.stop('SIGKILL');
      copier.start();
    }
    for (const id of cluster.brokers?.ids ?? []) {
      await feed(2000);
      await cluster.brokers!.kill(id);
      await feed(2500);
      cluster.brokers!.startBroker(id);
      await cluster.brokers!.ready([id]);
    }
    await feed(2000);
    await producer.disconnect();

    const admin = kafka.admin();
    await admin.connect();
    for (const { program, source, target, group, copier, seen } of lanes) {
      const inputs = (await committed(source)).flat().toSorted();
      expect(new Set(inputs).size).toBe(written * partitions);
      let found: string[][] = [];
      const isCopied = async () => {
        found = await committed(target).catch(() => []);
        return found.length === partitions && found.every((values) => values.length >= inputs.length);
      };
      const lengths = () =>
        `${program.client}: ${found.map((values) => values.length)} of ${inputs.length}; ${copier.failures.join('\n').slice(-3000)}`;
      await until(isCopied, { forMs: 60_000, tell: lengths });
      await copier.stop();
      found = await whenStable(target);

      const [first = []] = found.map((values) => values.toSorted());
      const mayCopyTwice = readsUnstableOffsets.has(program.client);
      // The inputs are written by a producer that is not idempotent: one may be there twice, and is copied twice then.
      expect(mayCopyTwice ? [...new Set(first)] : first, program.client).toEqual(mayCopyTwice ? [...new Set(inputs)] : inputs);
      for (const values of found) expect(values.toSorted(), `${program.client}: each transaction is whole`).toEqual(first);
      const offsets = (await admin.fetchOffsets({ groupId: group, topics: [source] }))[0]!.partitions;
      const ends = await Promise.all(offsets.map(({ partition }) => reader.endOffset(source, partition)));
      expect(
        offsets.map(({ offset }) => BigInt(offset)),
        program.client,
      ).toEqual(ends);
      if (seen === undefined) continue;
      const counts = (lines: readonly string[][]) => lines.map(({ length }) => length).join(' + ');
      await until(() => seen.values(partitions).flat().length >= found.flat().length, {
        forMs: 20_000,
        tell: () => `of ${program.client} kcat has read ${counts(seen.values(partitions))} of ${counts(found)}: ${seen.said}`,
      });
      expect(seen.values(partitions), `what kcat read meanwhile of ${program.client}`).toEqual(found);
      for (const earlier of seen.earlier(partitions))
        expect(earlier, `what kcat read before it ended of ${program.client}`).toEqual(
          found.map((values, partition) => values.slice(0, earlier[partition]!.length)),
        );
    }
    await admin.disconnect();
  });
});
