import type { Clock, Logger, Timer } from '#platform';

const lookEveryMs = 5_000;
/** A reason that stays is told again after so long. */
const tellAgainMs = 60_000;

export interface ReadinessWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readiness(): { ready: boolean; why: string };
  /** Addresses at which nobody answered last, and how that went. */
  silentPeers(): ReadonlyMap<string, string>;
  /** What of the cluster is missing, in a sentence. */
  trouble(): string | undefined;
}

/**
 * Tells whoever reads the log what a broker waits for while it is not ready, as one that waits for its peers looks as if it ran; and once it is
 * ready, what of the cluster is missing.
 */
export class ReadinessWatch {
  readonly #options: ReadinessWatchOptions;
  readonly #timer: Timer;
  /** At the last look; a broker is not ready when it starts. */
  #wasReady = false;
  #told: Told | undefined;
  /** The cluster's trouble at the last look, and as it was told. */
  #trouble: string | undefined;
  #toldTrouble: Told | undefined;

  constructor(options: ReadinessWatchOptions) {
    this.#options = options;
    this.#timer = options.clock.every(lookEveryMs, () => this.#look());
  }

  stop(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const { clock, log, readiness, silentPeers } = this.#options;
    const { ready, why } = readiness();
    // What is over at the second look, as an election is, is not worth a line.
    const isNews = this.#wasReady;
    this.#wasReady = ready;
    if (ready) {
      if (this.#told !== undefined) log.info({}, 'ready');
      this.#told = undefined;
      this.#lookAround();
      return;
    }
    const now = clock.monotonic();
    if (isNews || (this.#told?.why === why && now - this.#told.at < tellAgainMs)) return;
    this.#told = { why, at: now };
    log.warn({ silentPeers: Object.fromEntries(silentPeers()) }, `not ready: ${why}`);
  }

  /** As with readiness: what is over at the second look is not worth a line. */
  #lookAround(): void {
    const { clock, log } = this.#options;
    const trouble = this.#options.trouble();
    const hasLasted = this.#trouble !== undefined && trouble !== undefined;
    this.#trouble = trouble;
    if (trouble === undefined) {
      if (this.#toldTrouble !== undefined) log.info({}, 'the cluster has all brokers and replicas again');
      this.#toldTrouble = undefined;
      return;
    }
    const now = clock.monotonic();
    if (!hasLasted || (this.#toldTrouble?.why === trouble && now - this.#toldTrouble.at < tellAgainMs)) return;
    this.#toldTrouble = { why: trouble, at: now };
    log.warn({}, `something is missing: ${trouble}`);
  }
}

interface Told {
  readonly why: string;
  readonly at: number;
}
