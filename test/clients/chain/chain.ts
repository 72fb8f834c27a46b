import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, SeededRandom } from '#platform';
import { BrokerProcesses } from '../../support/broker-processes.ts';
import { KafkaClient } from '../../support/kafka-client.ts';
import { Copier, KeyWriter } from '../transactions/copier.ts';
import { transactionalPrograms } from '../transactions/programs.ts';
import { type LevelFaults, LevelReader } from './level-reader.ts';

export const partitions = 6;
const mostMembers = 3;
/** What a member that was killed has left open holds the next one back for so long, unless its transactional id comes back before. */
const timeoutMs = 15_000;
/** Nobody waits for the writer; on a machine that has much else to do it is to have its time. */
const writerTimeoutMs = 60_000;
/** A broker may take so long to start on a machine that has much else to do. */
const startMs = 300_000;
const classic = ['session.timeout.ms=6000', 'heartbeat.interval.ms=500', 'max.poll.records=2000'];
/** How the groups of the levels agree on who has what: each level another way. */
const protocols = [
  [...classic, 'partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor'],
  [...classic, 'partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor'],
  ['group.protocol=consumer', 'max.poll.records=2000'],
];
const settings = {
  'group.consumer.session.timeout.ms': 6000,
  'group.consumer.heartbeat.interval.ms': 1000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
};

/** The only client whose groups, each in its way, fence the members of former generations out of transactions (KIP-447), and that rides through whatever leaders do. */
const java = () => transactionalPrograms.find(({ client }) => client === 'Java')!;

export interface ChainOptions {
  readonly records: number;
  /** How many times each record is copied from topic to topic. */
  readonly levels: number;
  /** Records that are written a second. */
  readonly rate: number;
  /** A broker is killed so often, each in turn; 0 for never. */
  readonly everyMs: number;
  /** As many kills, and no more. */
  readonly mostKills?: number;
  /** Decides who joins and leaves when. */
  readonly seed: number;
  readonly directory: string;
  readonly progress: (line: string) => void;
}

export interface ChainReport {
  /** Of the topic that is written, then of each level. */
  readonly levels: readonly LevelFaults[];
  readonly seconds: number;
  readonly kills: number;
  readonly joined: number;
  readonly left: number;
  /** Members that were killed. */
  readonly lost: number;
  /** Members that ended by themselves, and what they said. */
  readonly failures: readonly string[];
  /** It did not get on for two minutes. */
  readonly isStuck: boolean;
}

interface Level {
  readonly number: number;
  readonly members: Copier[];
  /** Those that were killed; who joins next takes the transactional id of one, and so ends what it had open. */
  readonly killed: Copier[];
}

/** A pipeline: what is written to the first topic is copied from level to level, exactly once, by groups whose members come and go while brokers die. */
export class Chain {
  readonly #options: ChainOptions;
  readonly #random: Random;
  readonly #levels: Level[];
  readonly #gone: Copier[] = [];
  #brokers: BrokerProcesses | undefined;
  #writer: KeyWriter | undefined;
  #isOver = false;
  #joined = 0;
  #left = 0;
  #lost = 0;
  #kills = 0;

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#levels = Array.from({ length: options.levels }, (_, index) => ({ number: index + 1, members: [], killed: [] }));
  }

  async run(): Promise<ChainReport> {
    const { records, rate, directory } = this.#options;
    const started = performance.now();
    const args = Object.entries(settings).flatMap(([name, value]) => ['--config', `${name}=${value}`]);
    const place = join(directory, 'brokers');
    mkdirSync(place, { recursive: true });
    this.#brokers = await BrokerProcesses.prepare(3, { directory: place, args, logsToFiles: true });
    for (const id of this.#brokers.ids) this.#brokers.startBroker(id);
    await this.#brokers.ready(this.#brokers.ids, startMs);
    using client = new KafkaClient(this.#brokers.bootstrap);
    const topics = Array.from({ length: this.#options.levels + 1 }, (_, level) => `level-${level}`);
    for (const topic of topics) await client.createTopic(topic, partitions);
    const readers = topics.map((topic) => new LevelReader(client, topic, partitions));
    for (const level of this.#levels) for (let i = 0; i < 2; i++) this.#join(level);
    this.#writer = new KeyWriter(java(), {
      bootstrap: this.#brokers.bootstrap,
      topic: topics[0]!,
      partitions,
      records,
      rate,
      transactionalId: 'writer',
      timeoutMs: writerTimeoutMs,
    });
    this.#writer.start();

    let problem: unknown;
    const acts = Promise.all([this.#killBrokers(), this.#moveMembers()]).catch((error: unknown) => {
      problem = error;
      this.#isOver = true;
    });
    const isStuck = !(await this.#untilCopied(readers, started));
    this.#isOver = true;
    await acts;
    if (problem !== undefined) throw problem;
    await Promise.all([...this.#members(), this.#writer].map((each) => each.stop()));
    for (const id of this.#brokers.ids) if (!this.#brokers.isRunning(id)) this.#brokers.startBroker(id);
    await this.#brokers.ready(this.#brokers.ids, startMs);
    // What came twice may have come last.
    for (const reader of readers) await reader.read();
    return {
      levels: readers.map((reader) => reader.faults(records)),
      seconds: (performance.now() - started) / 1000,
      ...{ kills: this.#kills, joined: this.#joined, left: this.#left, lost: this.#lost },
      failures: [...this.#writer.failures, ...[...this.#members(), ...this.#gone].flatMap(({ failures }) => failures)],
      isStuck,
    };
  }

  /** Ends all processes. @throws when a broker had ended by itself */
  async stop(options: { keep: boolean }): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#members(), this.#writer].map((each) => each?.stop('SIGKILL')));
    await this.#brokers?.stop(options);
  }

  /** @returns false when nothing moved for two minutes */
  async #untilCopied(readers: readonly LevelReader[], started: number): Promise<boolean> {
    let [sum, moved, told] = [0, performance.now(), performance.now()];
    while (!this.#isOver) {
      for (const reader of readers) await reader.read();
      const counts = readers.map(({ count }) => count);
      const now = performance.now();
      if (counts.every((count) => count >= this.#options.records)) return true;
      if (counts.reduce((a, b) => a + b) > sum) moved = now;
      sum = counts.reduce((a, b) => a + b);
      if (now - moved > 120_000) return false;
      if (now - told > 5000) {
        told = now;
        const members = this.#levels.map((level) => level.members.length).join('+');
        this.#options.progress(
          `${((now - started) / 1000).toFixed(0)} s: ${counts.join(' > ')}; ${members} members, ${this.#kills} brokers killed`,
        );
      }
      await sleep(300);
    }
    return true;
  }

  async #killBrokers(): Promise<void> {
    const { everyMs, mostKills = Number.POSITIVE_INFINITY } = this.#options;
    while (everyMs > 0 && this.#kills < mostKills && (await this.#wait(everyMs))) {
      const brokers = this.#brokers!;
      const id = brokers.ids[this.#kills % brokers.ids.length]!;
      this.#kills++;
      await brokers.kill(id);
      await this.#wait(Math.min(3000, everyMs / 2));
      brokers.startBroker(id);
      await brokers.ready([id], startMs);
    }
  }

  /** Somebody joins, leaves or is killed every three to nine seconds. */
  async #moveMembers(): Promise<void> {
    while (await this.#wait(3000 + this.#random.below(6000))) {
      const level = this.#levels[this.#random.below(this.#levels.length)]!;
      const { members } = level;
      if (members.length < mostMembers && (members.length === 1 || this.#random.below(2) === 0)) {
        this.#join(level);
        continue;
      }
      const [member] = members.splice(this.#random.below(members.length), 1);
      const isKilled = this.#random.below(2) === 0;
      if (isKilled) this.#lost++;
      else this.#left++;
      if (isKilled) level.killed.push(member!);
      else this.#gone.push(member!);
      await member!.stop(isKilled ? 'SIGKILL' : 'SIGTERM');
    }
  }

  #join({ number, members, killed }: Level): void {
    this.#joined++;
    const member = killed.pop() ?? this.#newMember(number);
    members.push(member);
    member.start();
  }

  #newMember(number: number): Copier {
    return new Copier(java(), {
      ...{ bootstrap: this.#brokers!.bootstrap, source: `level-${number - 1}`, target: `level-${number}`, group: `copiers-${number}` },
      ...{ partitions, copies: 1, vainEvery: 20, transactionalId: `copier-${number}-${this.#joined}`, timeoutMs },
      settings: protocols[(number - 1) % protocols.length]!,
    });
  }

  #members(): Copier[] {
    return this.#levels.flatMap(({ members, killed }) => [...members, ...killed]);
  }

  /** @returns whether it goes on after that */
  async #wait(ms: number): Promise<boolean> {
    for (const end = performance.now() + ms; !this.#isOver && performance.now() < end; ) await sleep(100);
    return !this.#isOver;
  }
}
