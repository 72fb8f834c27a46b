import type { Logger } from '#platform';

/** What a topic is made with. */
export interface TopicOptions {
  /** Default 1. */
  readonly partitions?: number;
  /** Default: 3, or the number of brokers when there are fewer. */
  readonly replicationFactor?: number;
  /** Kafka's settings of topics, as in `{ 'retention.ms': 60_000 }`. */
  readonly configs?: Readonly<Record<string, string | number | boolean>>;
}

/** Topics by name; a number alone is how many partitions. */
export type Topics = Readonly<Record<string, number | TopicOptions>>;

export interface ClusterOptions {
  /** How many, with the ids from 1 on. Default 1. */
  readonly brokers?: number;
  /** Made before the cluster is ready, and made anew by {@link KafkaCluster.reset}. */
  readonly topics?: Topics;
  /** 'memory' (the default) keeps nothing; 'disk' writes Kafka's files into {@link directory}, or into a temporary one that is removed when the cluster is closed. */
  readonly storage?: 'memory' | 'disk';
  /** Where the brokers' data directories are, `1`, `2` and so on, as `kafka-lite-cluster up --data` has them. What is there is gone on with. */
  readonly directory?: string;
  /** The first broker's port, those of the others follow. Default 0: the system chooses, for each broker. */
  readonly port?: number;
  /** The address to listen on and to be told to clients. Default 127.0.0.1. */
  readonly host?: string;
  /** Under the same seed ids (of topics, members, directories) and draws repeat. Default: they are different every time. */
  readonly seed?: number | string;
  /** Kafka's settings of brokers, as in server.properties. They go before those that a cluster for tests has by itself. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** Told what the brokers log, as pino is. Default: nobody is. */
  readonly logger?: Logger;
  /** A directory that {@link KafkaCluster.snapshot} has written: the cluster goes on from there, and the snapshot stays as it is. */
  readonly fromSnapshot?: string;
  /** How long the start may take, in milliseconds. Default 30,000. */
  readonly timeout?: number;
  /** Ends the start, or the cluster. */
  readonly signal?: AbortSignal;
}

const mostBrokers = 9;
const largestPort = 65_535;

/** @throws OptionError */
export function checkOptions(options: ClusterOptions): void {
  const { brokers, port, storage, directory, timeout, topics = {}, fromSnapshot } = options;
  if (brokers !== undefined && !isWhole(brokers, 1, mostBrokers))
    throw new OptionError('brokers', brokers, `it is a whole number from 1 to ${mostBrokers}`);
  if (brokers !== undefined && fromSnapshot !== undefined)
    throw new OptionError('brokers', brokers, 'a snapshot has its own number of brokers', 'Leave one of brokers and fromSnapshot out');
  const last = largestPort - (brokers ?? 1) + 1;
  if (port !== undefined && !isWhole(port, 0, last))
    throw new OptionError('port', port, `it is 0 or the first of ${brokers ?? 1} ports, at most ${last}`);
  if (storage !== undefined && storage !== 'memory' && storage !== 'disk')
    throw new OptionError('storage', storage, "it is 'memory' or 'disk'");
  if (storage === 'memory' && directory !== undefined)
    throw new OptionError('directory', directory, 'with storage memory nothing is written', "Leave storage out, or say 'disk'");
  if (timeout !== undefined && !(timeout > 0)) throw new OptionError('timeout', timeout, 'it is a number of milliseconds above 0');
  for (const [name, topic] of Object.entries(topics)) {
    const { partitions = 1, replicationFactor } = topicOptions(topic);
    if (!isWhole(partitions, 1, 100_000)) throw new OptionError(`topics.${name}`, partitions, 'a topic has 1 partition or more');
    if (replicationFactor !== undefined && fromSnapshot === undefined && !isWhole(replicationFactor, 1, brokers ?? 1))
      throw new OptionError(
        `topics.${name}.replicationFactor`,
        replicationFactor,
        `there are ${brokers ?? 1} brokers`,
        'Use fewer replicas, or more brokers',
      );
  }
}

export function topicOptions(topic: number | TopicOptions): TopicOptions {
  return typeof topic === 'number' ? { partitions: topic } : topic;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** An option that cannot be: says which, what it is, why not, and what to do. */
export class OptionError extends Error {
  constructor(name: string, value: unknown, rule: string, fix?: string) {
    super(
      `${name}: ${typeof value === 'string' ? JSON.stringify(value) : value} cannot be: ${rule}.${fix === undefined ? '' : ` ${fix}.`}`,
    );
    this.name = 'OptionError';
  }
}
