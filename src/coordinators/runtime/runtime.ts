import type { Clock, Logger } from '#platform';
import { KafkaError } from '#protocol';
import type { CoordinatorCore, CoordinatorLog, RecordCodec } from './core.ts';
import type { Decision, Scope } from './decision.ts';
import { type Marker, Shard } from './shard.ts';

export interface CoordinatorRuntimeOptions<Core, CoordinatorRecord, Effect> {
  /** `__consumer_offsets` */
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly codec: RecordCodec<CoordinatorRecord>;
  /** How long a response waits until it is committed; then COORDINATOR_NOT_AVAILABLE is told. */
  readonly commitTimeoutMs: number;
  makeCore(partition: number): Core;
  /** Does what a committed decision wants done. */
  carryOut?(partition: number, effects: readonly Effect[], leaderEpoch: number): void;
  /** An invariant does not hold: this broker must not go on. */
  onBroken?(error: unknown): void;
}

/**
 * The shell of a coordinator: one core for each partition of its topic that this broker leads. A core comes to life by a replay of the whole partition
 * and ends with the leadership; nothing is answered from one that is not loaded (G8).
 */
export class CoordinatorRuntime<Core extends CoordinatorCore<CoordinatorRecord, Effect>, CoordinatorRecord, Effect = never> {
  readonly #options: CoordinatorRuntimeOptions<Core, CoordinatorRecord, Effect>;
  readonly #shards = new Map<number, Shard<Core, CoordinatorRecord, Effect>>();

  constructor(options: CoordinatorRuntimeOptions<Core, CoordinatorRecord, Effect>) {
    this.#options = options;
  }

  /** This broker leads the partition, in that epoch. */
  leads(partition: number, leaderEpoch: number, log: CoordinatorLog): void {
    const shard = this.#shards.get(partition);
    if (shard?.log === log) {
      shard.leadsOn(leaderEpoch);
      return;
    }
    shard?.unload();
    const { topic, clock, logger, codec, commitTimeoutMs } = this.#options;
    this.#shards.set(
      partition,
      new Shard<Core, CoordinatorRecord, Effect>(
        {
          name: `${topic}-${partition}`,
          clock,
          logger,
          log,
          codec,
          commitTimeoutMs,
          makeCore: () => this.#options.makeCore(partition),
          carryOut: (effects, epoch) => this.#options.carryOut?.(partition, effects, epoch),
          onBroken: (error) => this.#options.onBroken?.(error),
        },
        leaderEpoch,
      ),
    );
  }

  /** It does not any more. */
  resigns(partition: number): void {
    this.#shards.get(partition)?.unload();
    this.#shards.delete(partition);
  }

  /**
   * Has the core of a partition decide; see {@link Shard.ask}.
   * @throws KafkaError (by a rejection) NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, and what the core throws
   */
  ask<Response>(partition: number, decide: (core: Core, scope: Scope) => Decision<Response, CoordinatorRecord, Effect>): Promise<Response> {
    const shard = this.#shards.get(partition);
    if (shard === undefined)
      return Promise.reject(new KafkaError('NOT_COORDINATOR', `this broker does not lead ${this.#options.topic}-${partition}`));
    return shard.ask(decide);
  }

  /** Asks the cores of all partitions that this broker leads. @throws KafkaError COORDINATOR_LOAD_IN_PROGRESS when one is not loaded */
  askAll<Response>(decide: (core: Core, scope: Scope) => Decision<Response, CoordinatorRecord, Effect>): Promise<Response[]> {
    return Promise.all([...this.#shards.values()].map((shard) => shard.ask(decide)));
  }

  /** What the cores that are loaded have at the moment, be it committed or not: for those who look on, and must not wait. */
  look<Seen>(see: (core: Core) => Seen): Seen[] {
    return [...this.#shards.values()].flatMap(({ core }) => (core === undefined ? [] : [see(core)]));
  }

  /** Something has happened that all cores that are loaded have to know. */
  tellAll(decide: (core: Core, scope: Scope) => Decision<void, CoordinatorRecord, Effect>): void {
    for (const shard of [...this.#shards.values()]) shard.tell(decide);
  }

  /** The same for one, if it is loaded. */
  tell(partition: number, decide: (core: Core, scope: Scope) => Decision<void, CoordinatorRecord, Effect>): void {
    this.#shards.get(partition)?.tell(decide);
  }

  /** Appends a transaction's marker to a partition whose core has to hear of it. Resolves when it is committed. @throws KafkaError as {@link ask} */
  endTransaction(partition: number, marker: Marker): Promise<void> {
    const shard = this.#shards.get(partition);
    if (shard === undefined)
      return Promise.reject(new KafkaError('NOT_LEADER_OR_FOLLOWER', `this broker does not lead ${this.#options.topic}-${partition}`));
    return shard.endTransaction(marker);
  }

  close(): void {
    for (const partition of [...this.#shards.keys()]) this.resigns(partition);
  }
}
