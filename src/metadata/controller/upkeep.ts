import type { Clock, Logger, Timer } from '#platform';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { Controller } from './controller.ts';

/** A fencing check that is late by more than this says that this process stood still. */
const standstillMs = 250;
/** How long until a log that took no records is tried again. */
const retryMs = 20;
/** No timer runs for longer: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

export interface UpkeepOptions {
  readonly controller: Controller;
  readonly clock: Clock;
  readonly log: Logger;
  /** Writes records of this leadership and applies them. @throws when the log does not take them */
  readonly append: (records: readonly MetadataRecord[]) => void;
}

/** What an active controller does without being asked: it takes out of service who is silent, and gives leaderships back to preferred replicas. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #fencing: Timer | undefined;
  #balancing: Timer | undefined;

  /** Begins at once; everybody in service has a full session first. */
  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#planFencing(options.clock.monotonic() + options.controller.settings.sessionTimeoutMs);
    this.#planBalancing();
  }

  close(): void {
    this.#fencing?.cancel();
    this.#balancing?.cancel();
  }

  /** False when the log would not take it. */
  fence(records: readonly MetadataRecord[], reason: string): boolean {
    if (records.length === 0) return true;
    const { append, log } = this.#options;
    const brokers = records.flatMap(({ name, value }) => (name === 'BrokerRegistrationChangeRecord' ? [value.brokerId] : []));
    try {
      append(records);
      log.warn({ brokers, reason }, 'brokers are taken out of service');
      return true;
    } catch (error) {
      log.warn({ brokers, reason, error: String(error) }, 'brokers could not be taken out of service yet');
      return false;
    }
  }

  #planFencing(at: number): void {
    const { clock } = this.#options;
    this.#fencing = clock.after(Math.max(at - clock.monotonic(), 1), () => this.#fenceExpired(at));
  }

  #fenceExpired(plannedFor: number): void {
    const { clock, controller } = this.#options;
    const now = clock.monotonic();
    if (now - plannedFor > standstillMs) controller.sessions.restart(now);
    const done = this.fence(controller.fenceExpired(now), 'silent for too long');
    const latest = now + controller.settings.sessionTimeoutMs;
    const next = done ? Math.min(controller.nextExpiry() ?? latest, latest) : now + retryMs;
    this.#planFencing(Math.max(next, now + 1));
  }

  #planBalancing(): void {
    const { clock, controller } = this.#options;
    const seconds = controller.configs.brokerNumber(controller.image, 'leader.imbalance.check.interval.seconds');
    this.#balancing = clock.after(Math.min(seconds * 1000, longestTimerMs), () => {
      this.#balance();
      this.#planBalancing();
    });
  }

  #balance(): void {
    const { controller, append, log } = this.#options;
    const records = controller.balanceLeaders();
    if (records.length === 0) return;
    try {
      append(records);
      log.info({ partitions: records.length }, 'partitions go back to their preferred leaders');
    } catch (error) {
      log.debug({ error: String(error) }, 'the log takes no records, leaders stay as they are');
    }
  }
}
