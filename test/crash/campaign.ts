import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { NetworkError, SeededRandom } from '#platform';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { checkPartition, type ReadRecord } from './check-history.ts';
import { History } from './history.ts';
import { IdempotentProducer } from './idempotent-producer.ts';
import { type Acknowledgement, checkAcknowledgements, KafkasProducer } from './kafkas-producer.ts';

const topic = 'ledger';
const kafkasTopic = 'kafkas-ledger';
const partitions = 6;
const producers = 8;
/** Small enough that segments roll, with their indexes and snapshots, many times in a campaign. */
const settings = ['--config', 'log.segment.bytes=1048576', '--config', 'metadata.log.max.record.bytes.between.snapshots=4096'];

export interface CampaignOptions {
  readonly rounds: number;
  /** Decides when the brokers are killed and what the producers write; what they meet by then is the machine's. */
  readonly seed: number;
  /** Taken and kept; otherwise a folder of its own, that {@link CampaignReport.cluster} removes when it is stopped. */
  readonly directory?: string;
  /** Kafka's own idempotent producer writes as well, all the time; see {@link KafkasProducer}. */
  readonly withKafkasProducer?: boolean;
  /** Is told how it goes. */
  progress(line: string): void;
}

export interface CampaignReport {
  readonly acknowledged: number;
  /** Records of batches that never got an answer, because their producer was started anew. */
  readonly unknown: number;
  readonly topics: number;
  /** Records acknowledged to Kafka's own producer. */
  readonly acknowledgedToKafka: number;
  /** What is wrong, one sentence each; the campaign ends with the first round that has any. */
  readonly problems: readonly string[];
  /** Stopped in an orderly way, the data still there. */
  readonly cluster: BrokerProcesses;
}

/**
 * Kills all three brokers at once, at random moments under load, again and again on the same data, and checks after each restart that what
 * was acknowledged is there once and in order.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const cluster = await BrokerProcesses.prepare(3, { args: settings, directory: options.directory });
  const campaign = new Campaign(cluster, options);
  try {
    return await campaign.run();
  } catch (error) {
    await cluster.stop({ keep: true });
    throw new Error(`the campaign of seed ${options.seed} broke off; its data is in ${cluster.directory}`, { cause: error });
  }
}

class Campaign {
  readonly #cluster: BrokerProcesses;
  readonly #options: CampaignOptions;
  readonly #random: SeededRandom;
  readonly #history: History;
  readonly #topics = new Set<string>();
  readonly #logs: ReadRecord[][] = Array.from({ length: partitions }, () => []);
  readonly #loggedErrors: string[] = [];
  #producers: IdempotentProducer[] = [];
  #kafkasProducer: KafkasProducer | undefined;
  #acknowledgedToKafka: Acknowledgement[] = [];

  constructor(cluster: BrokerProcesses, options: CampaignOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#history = new History(join(cluster.directory, 'acknowledged.jsonl'));
  }

  async run(): Promise<CampaignReport> {
    const client = new KafkaClient(this.#cluster.bootstrap);
    this.#producers = Array.from({ length: producers }, (_, i) => {
      const stream = `producer-${i}`;
      return new IdempotentProducer({
        client,
        history: this.#history,
        random: this.#random.fork(stream),
        topic,
        stream,
        partition: i % partitions,
      });
    });
    let problems: string[] = [];
    try {
      for (let round = 1; round <= this.#options.rounds && problems.length === 0; round++) problems = await this.#round(round, client);
      if (problems.length === 0) problems = await this.#finish(client);
    } finally {
      client.close();
      if (this.#kafkasProducer !== undefined) await this.#kafkasProducer.stop();
      problems.push(...(await this.#stopInGoodOrder()));
    }
    return {
      acknowledged: this.#history.countOf('acknowledged'),
      unknown: this.#history.countOf('unknown'),
      acknowledgedToKafka: this.#acknowledgedToKafka.length,
      topics: this.#topics.size,
      problems,
      cluster: this.#cluster,
    };
  }

  async #round(round: number, client: KafkaClient): Promise<string[]> {
    const before = this.#history.countOf('acknowledged');
    const readyMs = await this.#startBrokers(round);
    if (round === 1) await this.#begin(client);
    const problems = await this.#check(client, round % 10 === 0);
    if (problems.length > 0) return problems;

    for (const producer of this.#producers) {
      if (this.#random.below(4) === 0) producer.startAnew();
      producer.start();
    }
    const creating = this.#create(`round-${round}`, 1 + this.#random.below(5), client);
    const loadMs = 50 + this.#random.below(1500);
    await new Promise((resolve) => setTimeout(resolve, loadMs));
    await this.#killAll();
    await Promise.all([creating, ...this.#producers.map((producer) => producer.stop())]);

    const written = this.#history.countOf('acknowledged') - before;
    this.#options.progress(`round ${round}: ready after ${readyMs} ms, killed after ${loadMs} ms of load, ${written} records acknowledged`);
    return [...this.#producers.flatMap((producer) => producer.problems), ...this.#loggedErrors];
  }

  async #begin(client: KafkaClient): Promise<void> {
    await this.#create(topic, partitions, client);
    if (!this.#options.withKafkasProducer) return;
    await this.#create(kafkasTopic, partitions, client);
    this.#kafkasProducer = new KafkasProducer({
      bootstrap: this.#cluster.bootstrap,
      topic: kafkasTopic,
      recordsPerSecond: 1000,
      configFile: join(this.#cluster.directory, 'producer.properties'),
    });
  }

  /** Every fifth time the brokers are killed once more while they start. */
  async #startBrokers(round: number): Promise<number> {
    if (round > 1 && this.#random.below(5) === 0) {
      for (const id of this.#cluster.ids) this.#cluster.startBroker(id);
      await new Promise((resolve) => setTimeout(resolve, 100 + this.#random.below(900)));
      await this.#killAll();
    }
    const start = performance.now();
    for (const id of this.#cluster.ids) this.#cluster.startBroker(id);
    await this.#cluster.ready();
    return Math.round(performance.now() - start);
  }

  async #killAll(): Promise<void> {
    await Promise.all(this.#cluster.ids.map((id) => this.#cluster.kill(id)));
    this.#keepLogs();
  }

  /** What the brokers printed, for whoever has to find out why a campaign failed. Being killed is no reason to log an error. */
  #keepLogs(): void {
    for (const id of this.#cluster.ids) {
      const printed = this.#cluster.stdout(id) + this.#cluster.stderr(id);
      appendFileSync(join(this.#cluster.directory, `broker-${id}.log`), printed);
      this.#loggedErrors.push(...printed.split('\n').filter((line) => line.includes('"level":"error"')));
    }
  }

  async #stopInGoodOrder(): Promise<string[]> {
    const stopped = await Promise.all(
      this.#cluster.ids.map(async (id) => {
        if (!this.#cluster.isRunning(id)) return [];
        const code = await this.#cluster.kill(id, 'SIGTERM');
        const isClean = existsSync(join(this.#cluster.dataOf(id), '.kafka_cleanshutdown'));
        return isClean ? [] : [`broker ${id} did not stop in good order (${code}):\n${this.#cluster.stderr(id).slice(-2000)}`];
      }),
    );
    this.#keepLogs();
    return stopped.flat();
  }

  /** A topic counts when its creation was acknowledged. */
  async #create(name: string, count: number, client: KafkaClient): Promise<void> {
    try {
      if ((await client.createTopic(name, count)) === 'NONE') this.#topics.add(name);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
    }
  }

  /** @param isWhole read all again; otherwise what came after the last check */
  async #check(client: KafkaClient, isWhole: boolean): Promise<string[]> {
    await client.refresh();
    const known = new Set(client.topics);
    const problems = [...this.#topics].filter((name) => !known.has(name)).map((name) => `topic ${name} was created and is lost`);
    for (const [partition, log] of this.#logs.entries()) {
      if (isWhole) log.length = 0;
      for await (const { offset, value } of client.records(topic, partition, BigInt(log.length))) {
        log.push({ offset, value: value?.toString('utf8', 0, 40) ?? '' });
      }
      problems.push(...checkPartition(partition, this.#history.batches, log));
    }
    return problems;
  }

  async #finish(client: KafkaClient): Promise<string[]> {
    await this.#startBrokers(0);
    const problems = await this.#check(client, true);
    for (const producer of this.#producers) await producer.settle(30_000);
    problems.push(...this.#producers.flatMap((producer) => producer.problems), ...(await this.#check(client, true)));
    if (this.#kafkasProducer !== undefined) problems.push(...(await this.#checkKafkasProducer(this.#kafkasProducer, client)));
    return problems;
  }

  async #checkKafkasProducer(producer: KafkasProducer, client: KafkaClient): Promise<string[]> {
    this.#kafkasProducer = undefined;
    this.#acknowledgedToKafka = await producer.stop();
    const problems: string[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const log: ReadRecord[] = [];
      for await (const { offset, value } of client.records(kafkasTopic, partition)) log.push({ offset, value: value?.toString() ?? '' });
      problems.push(...checkAcknowledgements(partition, this.#acknowledgedToKafka, log));
    }
    return problems;
  }
}
