import { type Clock, type Logger, NetworkError, type Timer } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import { brokerHeartbeat } from '#protocol/apis/broker-heartbeat.ts';
import { brokerRegistration } from '#protocol/apis/broker-registration.ts';
import type { Endpoint } from './config.ts';
import type { ControllerChannel } from './controller-channel.ts';

/** After a failure, doubling from time to time; and while a broker waits for leave to go. */
const shortPauseMs = 50;
/** Of the session's time: the rest is for clocks that run at different speeds. */
const certainPart = 0.9;
/** A refusal that goes on is told again after so long. */
const tellAgainMs = 60_000;

export interface LifecycleOptions {
  readonly nodeId: number;
  readonly incarnationId: string;
  readonly directoryId: string;
  readonly clusterId: () => string | undefined;
  /** Where others find this broker. */
  readonly endpoints: readonly Endpoint[];
  readonly rack: string | null;
  readonly features: readonly { name: string; minSupportedVersion: number; maxSupportedVersion: number }[];
  /** The epoch of the incarnation that shut down cleanly here last; -1 after a crash (KIP-966). */
  readonly previousBrokerEpoch: bigint;
  readonly heartbeatIntervalMs: number;
  /** After so long without a heartbeat the controller fences a broker. */
  readonly sessionTimeoutMs: number;
  readonly channel: ControllerChannel;
  readonly clock: Clock;
  readonly log: Logger;
  /** The metadata offset up to which this broker follows. */
  readonly appliedOffset: () => bigint;
}

type State = 'starting' | 'registered' | 'running' | 'stopping' | 'stopped';

/**
 * A broker's standing with the controller (KIP-631): it registers, then sends heartbeats that tell how far it follows the metadata; the
 * controller lets it lead once it has caught up, and fences it when the heartbeats stop.
 */
export class BrokerLifecycle {
  readonly #options: LifecycleOptions;
  #state: State = 'starting';
  #brokerEpoch = -1n;
  #timer: Timer | undefined;
  /** Monotonic time until which the controller certainly does not fence this broker for its silence. */
  #inTouchUntil = Number.NEGATIVE_INFINITY;
  #inFlight = false;
  #reportAgain = false;
  #failures = 0;
  /** Why the controller does not register this broker, and when that was last told. */
  #refusal: { error: ErrorName; toldAt: number } | undefined;
  #onRunning: (() => void)[] = [];
  #onMayStop: (() => void) | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** The number of this incarnation, given at registration; -1 before. */
  get brokerEpoch(): bigint {
    return this.#brokerEpoch;
  }

  /** Registered, caught up, not fenced. */
  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /**
   * Whether no other broker can have taken over what this one leads without its knowledge: its session, counted from its last report that was
   * answered, is not over. One that has hung, or is cut off, finds that it is out of touch before it has heard of anything.
   */
  get isInTouch(): boolean {
    return this.isRunning && this.#options.clock.monotonic() < this.#inTouchUntil;
  }

  /** What stands in the way, in a sentence, while it does not run. */
  get whyNotRunning(): string {
    return this.#refusal === undefined ? 'this broker has not caught up with the cluster yet' : this.#reasonOf(this.#refusal.error);
  }

  start(): void {
    this.#next(0);
  }

  /** Resolves when the broker runs (at once, when it does). */
  whenRunning(): Promise<void> {
    if (this.isRunning) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onRunning.push(resolve);
    });
  }

  /** Metadata was applied: the controller, which may hold answers back for it, hears of it at once. */
  reportProgress(): void {
    if (this.#state === 'starting' || this.#state === 'stopped') return;
    this.#reportAgain = true;
    if (!this.#inFlight) this.#next(0);
  }

  /** There is another controller: what could not be said to the old one is said at once. */
  hurry(): void {
    if (this.#failures > 0 && !this.#inFlight) this.#next(0);
  }

  /** Asks the controller for leave to go; resolves when it is given, or after `timeoutMs` without it. */
  async shutDown(timeoutMs: number): Promise<void> {
    const registered = this.#state === 'registered' || this.#state === 'running';
    this.#state = registered ? 'stopping' : 'stopped';
    if (registered) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(timeoutMs, resolve);
        this.#onMayStop = () => {
          timer.cancel();
          resolve();
        };
        if (!this.#inFlight) this.#next(0);
      });
    }
    this.stop();
  }

  /** No more requests, without a word to anybody. */
  stop(): void {
    this.#state = 'stopped';
    this.#timer?.cancel();
  }

  #next(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#state === 'stopped') return;
    this.#timer = this.#options.clock.after(delayMs, () => void this.#step());
  }

  async #step(): Promise<void> {
    if (this.#inFlight || this.#state === 'stopped') return;
    this.#inFlight = true;
    this.#reportAgain = false;
    const before = this.#state;
    try {
      if (before === 'starting') await this.#register();
      else await this.#beat();
      this.#failures = 0;
    } catch (error) {
      // Nobody was asked while there is no cluster, so nobody is spared by waiting longer and longer.
      this.#failures = this.#options.clusterId() === undefined ? 1 : this.#failures + 1;
      // A controller that is gone too, as when all stop together, gives nobody leave.
      if (this.#state === 'stopping' && this.#failures > 1) this.#onMayStop?.();
      if (!(error instanceof NetworkError || error instanceof KafkaError)) throw error;
      this.#options.log.debug({ error: error.message }, 'the controller did not answer as hoped, trying again');
    } finally {
      this.#inFlight = false;
    }
    this.#next(this.#reportAgain ? 0 : this.#pauseMs(before));
  }

  /** Until the next request, by what has become of the last one, and by what has been asked for while it was on its way. */
  #pauseMs(before: State): number {
    const { heartbeatIntervalMs } = this.#options;
    if (this.#state === 'stopping') return before === 'stopping' ? shortPauseMs : 0;
    if (this.#failures > 0) return Math.min(heartbeatIntervalMs, shortPauseMs * 2 ** (this.#failures - 1));
    if (before === 'starting') return 0;
    return this.#state === 'starting' ? shortPauseMs : heartbeatIntervalMs;
  }

  async #register(): Promise<void> {
    const { nodeId, endpoints, incarnationId, directoryId, rack, features, previousBrokerEpoch } = this.#options;
    const clusterId = this.#options.clusterId();
    if (clusterId === undefined) throw new KafkaError('NOT_CONTROLLER', 'the cluster is not formed yet');
    const response = await this.#options.channel.send(
      brokerRegistration,
      {
        brokerId: nodeId,
        clusterId,
        incarnationId,
        listeners: endpoints.map((endpoint) => ({ ...endpoint, securityProtocol: 0 })),
        features: [...features],
        rack,
        isMigratingZkBroker: false,
        logDirs: [directoryId],
        previousBrokerEpoch,
      },
      { timeoutMs: 2000, refusal: (answer) => answer.errorCode },
    );
    if (response.errorCode !== 'NONE') {
      this.#noteRefusal(response.errorCode);
      throw new KafkaError(response.errorCode);
    }
    this.#refusal = undefined;
    this.#brokerEpoch = response.brokerEpoch;
    if (this.#state === 'starting') this.#state = 'registered';
    this.#options.log.info({ brokerEpoch: String(response.brokerEpoch) }, 'registered with the controller');
  }

  #noteRefusal(error: ErrorName): void {
    const now = this.#options.clock.monotonic();
    if (this.#refusal?.error === error && now - this.#refusal.toldAt < tellAgainMs) return;
    this.#refusal = { error, toldAt: now };
    this.#options.log.warn({ error }, `${this.#reasonOf(error)}; trying again`);
  }

  #reasonOf(error: ErrorName): string {
    if (error === 'DUPLICATE_BROKER_REGISTRATION')
      return `another broker with the id ${this.#options.nodeId} is in service, or was a moment ago: each broker needs an id of its own`;
    return `the controller does not register this broker (${error})`;
  }

  async #beat(): Promise<void> {
    const sentAt = this.#options.clock.monotonic();
    const response = await this.#options.channel.send(
      brokerHeartbeat,
      {
        brokerId: this.#options.nodeId,
        brokerEpoch: this.#brokerEpoch,
        currentMetadataOffset: this.#options.appliedOffset(),
        wantFence: false,
        wantShutDown: this.#state === 'stopping',
      },
      { timeoutMs: this.#state === 'stopping' ? 300 : 2000, channel: 'heartbeat', refusal: (answer) => answer.errorCode },
    );
    if (response.errorCode === 'STALE_BROKER_EPOCH' || response.errorCode === 'BROKER_ID_NOT_REGISTERED') {
      if (this.#state === 'stopping') return this.#onMayStop?.();
      this.#options.log.warn({ error: response.errorCode }, 'the controller does not know this incarnation any more, registering again');
      this.#state = 'starting';
      return;
    }
    if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
    if (!response.isFenced) this.#inTouchUntil = sentAt + this.#options.sessionTimeoutMs * certainPart;
    if (response.shouldShutDown) this.#onMayStop?.();
    if (this.#state === 'stopping') return;
    if (response.isFenced && this.#state === 'running') this.#state = 'registered';
    if (!response.isFenced && this.#state === 'registered') {
      this.#state = 'running';
      this.#options.log.info({ brokerEpoch: String(this.#brokerEpoch) }, 'in service');
      for (const callback of this.#onRunning.splice(0)) callback();
    }
  }
}
