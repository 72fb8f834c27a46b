import { describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../../support/broker-processes.ts';
import { KafkaProcesses } from '../../support/kafka-processes.ts';
import { areForeignClientsWanted, foreign } from '../installed.ts';
import { commandOf, contentOf, copyOnce, fill, type Way } from './copying.ts';

const records = 30_000;
const ours = () => BrokerProcesses.start(1);
const kafkas = () =>
  KafkaProcesses.start(1, {
    heap: '512m',
    startMs: 200_000,
    properties: { 'transaction.state.log.replication.factor': 1, 'transaction.state.log.min.isr': 1 },
  });

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)(
  'a topic copied from one cluster to another',
  { timeout: 400_000 },
  () => {
    test.each<{ name: string; from: typeof ours | typeof kafkas; to: typeof ours | typeof kafkas }>([
      { name: 'from ours to Apache Kafka', from: ours, to: kafkas },
      { name: 'from Apache Kafka to ours', from: kafkas, to: ours },
    ])('$name is the same in every partition, though it was broken off twice', async ({ from, to }) => {
      const source = await from();
      const target = await to();
      try {
        await fill(source.bootstrap, 'orders', records);
        const wanted = await contentOf(source.bootstrap, 'orders', records);
        for (const [way, as] of [
          ['topic copy', 'copied'],
          ['consume | produce', 'piped'],
        ] satisfies [Way, string][]) {
          const command = commandOf(way, source.bootstrap, target.bootstrap, 'orders', as);
          const place = { bootstrap: target.bootstrap, topic: as };
          if (way !== 'topic copy') await fill(target.bootstrap, as, 0);
          for (const signal of ['SIGINT', 'SIGKILL'] as const) await copyOnce(command, place, { signal, afterOffsets: records / 10 });
          const last = await copyOnce(command, place);

          expect(last.how, last.said).toBe(0);
          expect(await contentOf(target.bootstrap, as, records), way).toEqual(wanted);
        }
      } finally {
        await source.stop();
        await target.stop();
      }
    });
  },
);
