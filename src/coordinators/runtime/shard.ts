import assert, { AssertionError } from 'node:assert/strict';
import type { Clock, Logger, Timer } from '#platform';
import { asKafkaError, buildEndTransactionMarker, buildRecordBatch, KafkaError } from '#protocol';
import type { CoordinatorCore, CoordinatorLog, RecordCodec, TransactionEnd } from './core.ts';
import type { Answer, Decision, Scope, Ticket } from './decision.ts';
import { coordinatorError } from './errors.ts';
import { load } from './load.ts';
import { Outbox } from './outbox.ts';

const reloadAfterMs = 1000;

export interface ShardOptions<Core, CoordinatorRecord, Effect> {
  /** `__consumer_offsets-7` */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: CoordinatorLog;
  readonly codec: RecordCodec<CoordinatorRecord>;
  /** How long a response waits for the commit. */
  readonly commitTimeoutMs: number;
  makeCore(): Core;
  carryOut(effects: readonly Effect[], leaderEpoch: number): void;
  onBroken(error: unknown): void;
}

interface Asker {
  resolve(response: unknown): void;
  reject(error: unknown): void;
}

/** A marker that ends a transaction, to be appended. */
export interface Marker extends TransactionEnd {
  readonly coordinatorEpoch: number;
  readonly transactionVersion: number;
}

/** The shell of one core: loads it, asks it, appends what it decides, and tells what came of it when that is committed. */
export class Shard<Core extends CoordinatorCore<CoordinatorRecord, Effect>, CoordinatorRecord, Effect> {
  readonly #options: ShardOptions<Core, CoordinatorRecord, Effect>;
  readonly #outbox: Outbox<Effect>;
  readonly #waiting = new Map<Ticket, Asker>();
  /** Undefined until it is loaded. */
  #core: Core | undefined;
  #leaderEpoch: number;
  #lastTicket = 0;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #stopWatching = () => {};
  #isOver = false;

  constructor(options: ShardOptions<Core, CoordinatorRecord, Effect>, leaderEpoch: number) {
    this.#options = options;
    this.#leaderEpoch = leaderEpoch;
    this.#outbox = new Outbox((effects) => options.carryOut(effects, this.#leaderEpoch));
    void this.#load();
  }

  get isLoaded(): boolean {
    return this.#core !== undefined;
  }

  /** Undefined until it is loaded, and when the leadership has ended. */
  get core(): Core | undefined {
    return this.#core;
  }

  get log(): CoordinatorLog {
    return this.#options.log;
  }

  /** The same broker goes on as leader, in a later epoch: its log was not cut, so that the state is still that of the log. */
  leadsOn(leaderEpoch: number): void {
    assert(leaderEpoch >= this.#leaderEpoch, `${this.#options.name}: the epoch falls from ${this.#leaderEpoch} to ${leaderEpoch}`);
    this.#leaderEpoch = leaderEpoch;
  }

  /**
   * Has the core decide, and gives what it answers.
   * @throws KafkaError what the core throws; COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE
   */
  ask<Response>(decide: (core: Core, scope: Scope) => Decision<Response, CoordinatorRecord, Effect>): Promise<Response> {
    return new Promise((resolve, reject) => {
      const core = this.#loaded();
      const scope = this.#scope(++this.#lastTicket);
      let decision: Decision<Response, CoordinatorRecord, Effect>;
      try {
        decision = decide(core, scope);
      } catch (error) {
        // A refusal, too, may rest on what is not committed yet, and some are final for who hears them.
        if (!(error instanceof KafkaError)) throw error;
        this.#post([], () => reject(error), reject);
        return;
      }
      this.#settle(decision, scope, { resolve: resolve as (response: unknown) => void, reject });
    });
  }

  /** Something has happened that nobody asked for. */
  tell(decide: (core: Core, scope: Scope) => Decision<void, CoordinatorRecord, Effect>): void {
    if (this.#core === undefined) return;
    const scope = this.#scope(0);
    this.#guard(() => this.#settle(decide(this.#core!, scope), scope, undefined));
  }

  /** Appends a marker and gives it to the core. Resolves when it is committed. */
  endTransaction(marker: Marker): Promise<void> {
    return new Promise((resolve, reject) => {
      const core = this.#loaded();
      const { log, clock } = this.#options;
      const { producerId, producerEpoch, committed, coordinatorEpoch, transactionVersion } = marker;
      const type = committed ? 'COMMIT' : 'ABORT';
      const batch = buildEndTransactionMarker({ type, coordinatorEpoch, producerId, producerEpoch, timestamp: clock.now() });
      log.append(batch, { transactionVersion });
      core.replayTransactionEnd?.({ producerId, producerEpoch, committed });
      this.#post([], () => resolve(), reject);
    });
  }

  /** The leadership has ended: nothing that this state says counts any more. */
  unload(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#core = undefined;
    this.#timer?.timer.cancel();
    this.#stopWatching();
    const error = new KafkaError('NOT_COORDINATOR', `this broker no longer leads ${this.#options.name}`);
    this.#outbox.fail(error);
    for (const asker of this.#waiting.values()) asker.reject(error);
    this.#waiting.clear();
  }

  async #load(): Promise<void> {
    const { clock, logger, log, codec, name } = this.#options;
    const startedAt = clock.monotonic();
    try {
      const core = this.#options.makeCore();
      if (!(await load(core, log, codec, () => this.#isOver))) return;
      this.#core = core;
      this.#stopWatching = log.watch(() => this.#guard(() => this.#outbox.release(log.highWatermark)));
      const ms = Math.round(clock.monotonic() - startedAt);
      logger.debug({ partition: name, endOffset: String(log.logEndOffset), ms }, 'a coordinator is loaded');
      this.tell((loaded, scope) => loaded.loaded(scope));
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof AssertionError) return this.#options.onBroken(error);
      logger.error({ partition: name, error: String(error) }, 'a coordinator cannot be loaded and will be tried again');
      clock.after(reloadAfterMs, () => {
        if (!this.#isOver) void this.#load();
      });
    }
  }

  #loaded(): Core {
    if (this.#isOver) throw new KafkaError('NOT_COORDINATOR', `this broker does not lead ${this.#options.name}`);
    if (this.#core === undefined) throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', `${this.#options.name} is still being read`);
    return this.#core;
  }

  #scope(ticket: Ticket): Scope {
    const { clock } = this.#options;
    return { ticket, now: { wall: clock.now(), monotonic: clock.monotonic() }, leaderEpoch: this.#leaderEpoch };
  }

  #settle(decision: Decision<unknown, CoordinatorRecord, Effect>, scope: Scope, asker: Asker | undefined): void {
    const { records, response, answers = [], effects = [] } = decision;
    try {
      if (records.length > 0) this.#append(records, decision);
    } catch (thrown) {
      if (thrown instanceof AssertionError) throw thrown;
      const error = coordinatorError(thrown);
      asker?.reject(error);
      this.#sendLater(decision.failed?.(error, scope) ?? [], []);
      return;
    }
    if (asker !== undefined && response === undefined) this.#waiting.set(scope.ticket, asker);
    if (asker !== undefined && response !== undefined) {
      const rest = this.#taken(answers);
      this.#post(
        effects,
        () => {
          asker.resolve(response);
          for (const { to, answer } of rest) to.resolve(answer.response);
        },
        (error) => {
          asker.reject(error);
          for (const { to } of rest) to.reject(error);
        },
      );
    } else this.#sendLater(answers, effects);
  }

  #sendLater(answers: readonly Answer[], effects: readonly Effect[]): void {
    const taken = this.#taken(answers);
    if (taken.length === 0 && effects.length === 0) {
      this.#rearm();
      return;
    }
    this.#post(
      effects,
      () => {
        for (const { to, answer } of taken) to.resolve(answer.response);
      },
      (error) => {
        for (const { to } of taken) to.reject(error);
      },
    );
  }

  #taken(answers: readonly Answer[]): { to: Asker; answer: Answer }[] {
    return answers.flatMap((answer) => {
      const to = this.#waiting.get(answer.ticket);
      this.#waiting.delete(answer.ticket);
      return to === undefined ? [] : [{ to, answer }];
    });
  }

  /** Sends when all that is in the log by now is committed: whatever a response says, it may rest on any of it. */
  #post(effects: readonly Effect[], send: () => void, fail: (error: KafkaError) => void): void {
    const { log, clock, commitTimeoutMs } = this.#options;
    const deadline = clock.monotonic() + commitTimeoutMs;
    this.#outbox.add({ offset: log.logEndOffset - 1n, deadline, effects, send, fail }, log.highWatermark);
    this.#rearm();
  }

  /**
   * Appends, and replays what was appended: at once, as the next decision has to see it. Nothing has to be taken back, since a leader's log is not cut: when an append
   * fails nothing was replayed, and when the commit fails to come the records stay in the log as they stay in the state.
   */
  #append(
    records: readonly CoordinatorRecord[],
    { transaction, divisible }: Pick<Decision<unknown, CoordinatorRecord, Effect>, 'transaction' | 'divisible'>,
  ): void {
    const { log, codec, clock } = this.#options;
    const producer = transaction === undefined ? {} : { ...transaction, isTransactional: true };
    const batch = buildRecordBatch({ records: records.map((record) => codec.encode(record)), timestamp: clock.now(), ...producer });
    if (divisible && batch.length > log.maxBatchBytes && records.length > 1) {
      const half = records.length >> 1;
      this.#append(records.slice(0, half), { transaction, divisible });
      this.#append(records.slice(half), { transaction, divisible });
      return;
    }
    const lastOffset = log.append(batch);
    const firstOffset = lastOffset - BigInt(records.length - 1);
    const { producerId, producerEpoch } = transaction ?? { producerId: -1n, producerEpoch: -1 };
    for (const [index, record] of records.entries())
      this.#core!.replay(record, { offset: firstOffset + BigInt(index), producerId, producerEpoch });
  }

  #rearm(): void {
    const wanted = earliest(this.#core?.nextDeadline, this.#outbox.nextDeadline);
    if (wanted === undefined || this.#isOver) return;
    if (this.#timer !== undefined && this.#timer.at <= wanted) return;
    this.#timer?.timer.cancel();
    const { clock } = this.#options;
    const timer = clock.after(Math.max(0, wanted - clock.monotonic()), () => this.#wake());
    this.#timer = { at: wanted, timer };
  }

  #wake(): void {
    this.#timer = undefined;
    if (this.#core === undefined) return;
    const now = this.#options.clock.monotonic();
    const late = () => new KafkaError('COORDINATOR_NOT_AVAILABLE', `${this.#options.name} is not committed in time`);
    this.#guard(() => {
      this.#outbox.expire(now, late());
      if ((this.#core?.nextDeadline ?? Number.POSITIVE_INFINITY) <= now) this.tell((core, scope) => core.tick(scope));
      this.#rearm();
    });
  }

  /** What fails where nobody waits for an answer. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#options.logger.error(
        { partition: this.#options.name, error: String(error), stack: (error as Error)?.stack },
        'a coordinator failed',
      );
      this.#options.onBroken(error instanceof AssertionError ? error : asKafkaError(error));
    }
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}
