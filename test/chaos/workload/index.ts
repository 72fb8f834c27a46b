import type { SeededRandom } from '#platform';
import type { Context, Worker } from './context.ts';
import { httpProducer } from './http-producer.ts';
import { httpReader } from './http-reader.ts';
import { kafkajsProducer } from './kafkajs-producer.ts';
import { ownProducer } from './own-producer.ts';
import { anywhereReader, followingReader } from './own-reader.ts';
import { platformaticProducer } from './platformatic-producer.ts';
import { platformaticReader } from './platformatic-reader.ts';

export type { Context, Worker } from './context.ts';

type Start = (name: string, context: Context) => Worker;

/** Over the Kafka protocol; of the producers two thirds are other people's. */
const kafkaWorkers: readonly [string, Start][] = [
  ['own-1', ownProducer],
  ['own-2', ownProducer],
  ['kafkajs-1', kafkajsProducer],
  ['kafkajs-2', kafkajsProducer],
  ['platformatic-1', platformaticProducer],
  ['platformatic-2', platformaticProducer],
  ['follow-1', followingReader],
  ['follow-2', followingReader],
  ['follow-platformatic', platformaticReader],
  ['anywhere-1', anywhereReader],
  ['anywhere-2', anywhereReader],
];
const httpWorkers: readonly [string, Start][] = [
  ['http-1', httpProducer],
  ['http-2', httpProducer],
  ['http-3', httpProducer],
  ['http-4', httpProducer],
  ['consume-1', httpReader],
  ['consume-2', httpReader],
];

/** Sets all clients to work that the cluster has a protocol for. */
export function startWorkload(common: Omit<Context, 'random'>, random: SeededRandom): Worker[] {
  const starts = common.cluster.hasHttp ? [...kafkaWorkers, ...httpWorkers] : kafkaWorkers;
  return starts.map(([name, start]) => start(name, { ...common, random: random.fork(name) }));
}

/** The kinds of producers, as their processes are named, for tables. */
export const producerKinds = ['own', 'kafkajs', 'platformatic', 'http'] as const;
