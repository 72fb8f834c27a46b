import { NetworkError, sleep, type Timer } from '#platform';
import { KafkaError, type LogRecord } from '#protocol';
import { consumerGroupHeartbeat } from '#protocol/apis/consumer-group-heartbeat.ts';
import type { Cluster } from '../cluster.ts';
import { askCoordinator, coordinatorOf } from '../coordinator.ts';
import { commitOffsets, committedOffsets } from '../groups/offsets.ts';
import { earliest, offsetsFor } from '../list-offsets.ts';
import { nameOf, readMetadata, type TopicPartition } from '../metadata.ts';
import { type IdPartition, keyOf, Membership } from './membership.ts';
import { PartitionReaders } from './partition-readers.ts';
import { Position } from './position.ts';
import { Trouble } from './trouble.ts';

const rebalanceTimeoutMs = 60_000;
const heartbeatTimeoutMs = 5_000;
const commitIntervalMs = 500;
const lookAgainMs = 100;
/** How long a topic may be unknown, as to a broker that has just started, before it counts as deleted. */
const missingMs = 3_000;

export interface GroupConsumerOptions {
  readonly cluster: Cluster;
  readonly groupId: string;
  /** Kafka's form of a random id. */
  readonly memberId: string;
  readonly topic: string;
  /** Hands over a record. What it resolves for counts as read, and will be committed. */
  deliver(place: TopicPartition, record: LogRecord): Promise<void>;
  /** What is to be told to people. */
  note(line: string): void;
}

/**
 * Reads a topic as one member of a consumer group (KIP-848): reads what it is given from where the group stopped, commits what it has handed over, gives up what
 * others are to have, and joins again when it was taken for dead.
 */
export class GroupConsumer {
  readonly #options: GroupConsumerOptions;
  readonly #membership: Membership;
  readonly #readers: PartitionReaders;
  readonly #positions = new Map<string, Position>();
  #coordinator: number | undefined;
  /** Counts how often all was lost, so that what began before is not finished after. */
  #life = 0;
  #isReconciling = false;
  #isStopping = false;
  readonly #trouble: Trouble;
  #wake: (() => void) | undefined;
  #beating: Promise<void> = Promise.resolve();
  /** The coordinator may know this member. */
  #mayBeKnown = false;
  #commits: Promise<void> = Promise.resolve();
  #committer: Timer | undefined;
  #watched: Timer | undefined;
  #fail: (error: unknown) => void = () => {};

  constructor(options: GroupConsumerOptions) {
    this.#options = options;
    const { groupId, memberId, topic, cluster } = options;
    this.#trouble = new Trouble(cluster.clock, options.note, `Group ${groupId} answers again.`);
    this.#membership = new Membership({ groupId, memberId, topics: [topic], rebalanceTimeoutMs });
    this.#readers = new PartitionReaders(cluster, {
      deliver: (place, record) => options.deliver(place, record),
      note: options.note,
      missing: () => this.#watchTopic(),
      failed: (error) => this.#fail(error),
    });
  }

  /** Goes on until it is stopped. @throws KafkaError, or what `deliver` threw, when it cannot go on */
  run(): Promise<void> {
    const { clock } = this.#options.cluster;
    this.#committer = clock.every(commitIntervalMs, () => void this.#commit([...this.#positions.values()]));
    return new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#beating = this.#heartbeats();
      this.#beating.then(resolve, reject);
    }).finally(() => {
      this.#committer?.cancel();
      this.#watched?.cancel();
    });
  }

  /** Commits what was handed over, and leaves the group. @throws KafkaError, NetworkError when the group may still count on this member */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    const positions = [...this.#positions.values()];
    await Promise.all(positions.map((position) => position.end()));
    this.#readers.close();
    await this.#beating.catch(() => {});
    await this.#commitAll(positions);
    if (!this.#mayBeKnown) return;
    const { cluster, groupId } = this.#options;
    const options = { timeoutMs: heartbeatTimeoutMs };
    const { response } = await askCoordinator(
      cluster,
      groupId,
      consumerGroupHeartbeat,
      this.#membership.farewell(),
      (said) => said,
      options,
    );
    this.#membership.heardFarewell(response);
  }

  async #heartbeats(): Promise<void> {
    const { clock } = this.#options.cluster;
    while (!this.#isStopping) {
      const now = clock.monotonic();
      if (now >= this.#membership.dueAt) await this.#heartbeat();
      else await this.#pause(this.#membership.dueAt - now);
    }
  }

  async #heartbeat(): Promise<void> {
    const { cluster, groupId } = this.#options;
    const { clock } = cluster;
    try {
      this.#coordinator ??= await coordinatorOf(cluster, groupId);
      const request = this.#membership.request();
      this.#mayBeKnown = true;
      const response = await cluster.send(this.#coordinator, consumerGroupHeartbeat, request, { timeoutMs: heartbeatTimeoutMs });
      const heard = this.#membership.hear(response, clock.monotonic());
      if (heard === 'not-now') this.#coordinator = undefined;
      else this.#trouble.passed();
      if (heard === 'lost') await this.#loseAll();
      if (heard === 'assigned' && !this.#isStopping) this.#reconcile();
    } catch (error) {
      const isPassing = error instanceof NetworkError || (error instanceof KafkaError && error.errorName.startsWith('COORDINATOR'));
      if (!isPassing && !(error instanceof KafkaError && error.errorName === 'BROKER_NOT_AVAILABLE')) throw error;
      this.#trouble.seen(`The coordinator of group ${groupId} does not answer (${error.message})`);
      this.#coordinator = undefined;
      this.#membership.failed(clock.monotonic());
    }
  }

  /** Gives up and takes what the coordinator said, while heartbeats go on. What it says meanwhile is done after. */
  #reconcile(): void {
    if (this.#isReconciling) return;
    this.#isReconciling = true;
    this.#untilReconciled()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isReconciling = false;
        if (!this.#isStopping && this.#membership.toGiveUp.length + this.#membership.toTake.length > 0) this.#reconcile();
      });
  }

  async #untilReconciled(): Promise<void> {
    const { toGiveUp, toTake } = this.#membership;
    const life = this.#life;
    if (toGiveUp.length > 0) {
      await this.#giveUp(toGiveUp);
      if (life !== this.#life) return;
      this.#membership.gaveUp(toGiveUp);
      this.#wake?.();
    }
    if (toTake.length === 0 || this.#isStopping) return;
    const positions = await this.#begin(toTake);
    if (life !== this.#life || this.#isStopping) return;
    if (positions === undefined) return void (await sleep(this.#options.cluster.clock, lookAgainMs));
    for (const position of positions) this.#positions.set(keyOf(position), position);
    this.#membership.took(toTake);
    this.#readers.add(positions);
    this.#options.note(`Group ${this.#options.groupId} gives this consumer ${namesOf(positions)}.`);
    this.#wake?.();
  }

  async #giveUp(partitions: readonly IdPartition[]): Promise<void> {
    const positions = partitions.flatMap((each) => this.#positions.get(keyOf(each)) ?? []);
    await Promise.all(positions.map((position) => position.end()));
    this.#readers.remove(positions);
    await this.#commitAll(positions);
    for (const position of positions) this.#positions.delete(keyOf(position));
    if (positions.length > 0) this.#options.note(`Group ${this.#options.groupId} gives ${namesOf(positions)} to another member.`);
  }

  /** Where the group stopped, or the beginning. Undefined when that cannot be told yet. */
  async #begin(partitions: readonly IdPartition[]): Promise<Position[] | undefined> {
    const { cluster, groupId, topic } = this.#options;
    try {
      const { topics } = await readMetadata(cluster, [topic]);
      if (topics.get(topic)?.id !== partitions[0]!.topicId) {
        this.#watchTopic();
        return undefined;
      }
      const committed = new Map((await committedOffsets(cluster, groupId, true)).map((each) => [nameOf(each), each.offset]));
      const places = partitions.map((each) => ({ topic, ...each }));
      const starts = await offsetsFor(
        cluster,
        places.map((place) => ({ ...place, timestamp: earliest })),
      );
      return places.map((place, index) => {
        const start = starts[index]!;
        if ('error' in start) throw start.error;
        return new Position(place, committed.get(nameOf(place)) ?? start.value.offset);
      });
    } catch (error) {
      if (!(error instanceof KafkaError || error instanceof NetworkError)) throw error;
      this.#trouble.seen(`Where group ${groupId} stopped cannot be told (${error.message})`);
      return undefined;
    }
  }

  /** The group has given all of it to others, who begin at the last commit. */
  async #loseAll(): Promise<void> {
    const positions = [...this.#positions.values()];
    this.#life++;
    this.#positions.clear();
    this.#readers.remove(positions);
    await Promise.all(positions.map((position) => position.end()));
    if (positions.length > 0) this.#options.note(`Group ${this.#options.groupId} took this consumer for dead. Joining again.`);
  }

  /** Commits what was handed over since the last time. Commits follow one another, so that none overtakes a later one. */
  #commit(positions: readonly Position[]): Promise<void> {
    this.#commits = this.#commits.then(() => this.#commitNow(positions.filter(({ isDirty }) => isDirty)));
    return this.#commits;
  }

  /** The same for positions that are over; tried again, as the member may be about to learn its next epoch. */
  async #commitAll(positions: readonly Position[]): Promise<void> {
    const { clock, patienceMs } = this.#options.cluster;
    const deadline = clock.monotonic() + patienceMs;
    while (this.#membership.epoch > 0) {
      await this.#commit(positions);
      if (clock.monotonic() > deadline || !positions.some(({ isDirty }) => isDirty)) return;
      await sleep(clock, lookAgainMs);
    }
  }

  async #commitNow(dirty: readonly Position[]): Promise<void> {
    if (dirty.length === 0) return;
    const { cluster, groupId } = this.#options;
    const offsets = dirty.map(({ topic, partition, offset, leaderEpoch }) => ({ topic, partition, offset, leaderEpoch }));
    const { memberId, epoch: memberEpoch } = this.#membership;
    try {
      const outcomes = await commitOffsets(cluster, groupId, offsets, { memberId, memberEpoch });
      for (const [index, { errorCode }] of outcomes.entries()) if (errorCode === 'NONE') dirty[index]!.committed = offsets[index]!.offset;
    } catch (error) {
      // The epoch may have moved on, or the member be out: the next commit is in the new one, or a heartbeat tells.
      if (!(error instanceof KafkaError || error instanceof NetworkError)) this.#fail(error);
    }
  }

  #watchTopic(): void {
    const { cluster, topic } = this.#options;
    this.#watched ??= cluster.clock.after(missingMs, () => {
      this.#watched = undefined;
      readMetadata(cluster, [topic]).then(
        ({ topics }) => {
          if (!topics.has(topic)) this.#fail(new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${topic} any more`));
        },
        () => {},
      );
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.cluster.clock.after(ms, () => resolve());
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function namesOf(positions: readonly TopicPartition[]): string {
  return positions.map(nameOf).join(', ');
}
