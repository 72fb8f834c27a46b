/**
 * Copies a million records between two clusters in both ways that the command line has, each broken off by Ctrl-C and by SIGKILL on the way, and compares the ends:
 * `npm run test:copy -- [--records=N]`. Where Apache Kafka is installed it is on either side, too.
 */
import { parseArgs } from 'node:util';
import { BrokerProcesses } from '../../support/broker-processes.ts';
import { KafkaProcesses } from '../../support/kafka-processes.ts';
import { foreign } from '../installed.ts';
import { commandOf, contentOf, copyOnce, fill, type Way } from './copying.ts';

const { values } = parseArgs({ options: { records: { type: 'string', default: '1000000' }, pair: { type: 'string' } } });
const records = Number(values.records);
const ways: readonly Way[] = ['topic copy', 'consume | produce'];

const ours = () => BrokerProcesses.start(1);
const kafkas = () =>
  KafkaProcesses.start(1, {
    heap: '1g',
    startMs: 200_000,
    properties: { 'transaction.state.log.replication.factor': 1, 'transaction.state.log.min.isr': 1 },
  });
const pairs = [
  { name: 'ours to ours', from: ours, to: ours },
  ...(foreign.kafkaTools === undefined
    ? []
    : [
        { name: 'ours to Apache Kafka', from: ours, to: kafkas },
        { name: 'Apache Kafka to ours', from: kafkas, to: ours },
      ]),
];

for (const { name, from, to } of pairs.filter(({ name }) => values.pair === undefined || name === values.pair)) {
  const source = await from();
  const target = await to();
  try {
    await fill(source.bootstrap, 'orders', records);
    const wanted = await contentOf(source.bootstrap, 'orders', records);
    for (const way of ways) {
      const as = way === 'topic copy' ? 'copied' : 'piped';
      const command = commandOf(way, source.bootstrap, target.bootstrap, 'orders', as);
      const place = { bootstrap: target.bootstrap, topic: as };
      if (way !== 'topic copy') await fill(target.bootstrap, as, 0);
      const runs = [
        await copyOnce(command, place, { signal: 'SIGINT', afterOffsets: records / 20 }),
        await copyOnce(command, place, { signal: 'SIGKILL', afterOffsets: records / 20 }),
        await copyOnce(command, place),
      ];
      const got = await contentOf(target.bootstrap, as, records);
      const isSame = JSON.stringify(got) === JSON.stringify(wanted);
      const times = runs.map(({ ms, how }) => `${(ms / 1000).toFixed(1)} s (${how})`).join(', ');
      console.log(
        `${name}, ${way}: ${got.counts.reduce((sum, each) => sum + each)} records, ${isSame ? 'the same checksums' : 'OTHER CHECKSUMS'}; runs: ${times}`,
      );
      if (!isSame) {
        console.log(runs.map(({ said }) => said).join('---\n'), wanted, got);
        process.exitCode = 1;
      }
      if (way === 'topic copy') {
        const straight = await copyOnce(
          `${commandOf(way, source.bootstrap, target.bootstrap, 'orders', 'straight')} --name=straight`,
          place,
        );
        console.log(`${name}, ${way}, not broken off: ${(straight.ms / 1000).toFixed(1)} s`);
      } else {
        await fill(target.bootstrap, 'straight-pipe', 0);
        const straight = await copyOnce(
          commandOf(way, source.bootstrap, target.bootstrap, 'orders', 'straight-pipe').replace(/--resume=\S+/, '--resume=straight-pipe'),
          place,
        );
        console.log(`${name}, ${way}, not broken off: ${(straight.ms / 1000).toFixed(1)} s`);
      }
    }
  } finally {
    await source.stop();
    await target.stop();
  }
}
