import { type Address, type Clock, NetworkError, sleep } from '#platform';
import { type Api, type ErrorName, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import type { BrokerClient } from '#transport';

const retryPauseMs = 20;

/** What a broker must know to find the controller. */
export interface ControllerFinder {
  /** Where the active controller listens, as far as this broker knows; undefined while there is none. */
  controllerAddress(): Address | undefined;
}

/**
 * Requests of this broker to the active controller, whoever that is at the moment. While nobody is known, or the one that was
 * known says it is not, it looks again until the deadline.
 */
export class ControllerChannel {
  readonly #client: BrokerClient;
  readonly #clock: Clock;
  readonly #finder: ControllerFinder;

  constructor(options: { client: BrokerClient; clock: Clock; finder: ControllerFinder }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#finder = options.finder;
  }

  /**
   * @param findTimeoutMs how long to look for a controller that takes the request, when that is to be less than the time for all of it
   * @param refusal reads from an answer the error that means "not carried out, ask again"
   * @throws KafkaError NOT_CONTROLLER when nobody was found in time; NetworkError when the outcome is unknown
   */
  async send<A extends Api>(
    api: A,
    request: RequestInput<A>,
    options: { timeoutMs: number; findTimeoutMs?: number | undefined; channel?: string; refusal?: (response: ResponseOf<A>) => ErrorName },
  ): Promise<ResponseOf<A>> {
    const start = this.#clock.monotonic();
    const deadline = start + options.timeoutMs;
    const findDeadline = Math.min(deadline, start + (options.findTimeoutMs ?? options.timeoutMs));
    for (;;) {
      const address = this.#finder.controllerAddress();
      const left = deadline - this.#clock.monotonic();
      if (address !== undefined) {
        try {
          const response = await this.#client.send(address, api, request, {
            channel: options.channel ?? 'controller',
            timeoutMs: Math.max(left, 1),
          });
          if (options.refusal?.(response) !== 'NOT_CONTROLLER') return response;
        } catch (error) {
          if (!(error instanceof NetworkError) || error.code !== 'ECONNREFUSED') throw error; // refused: certainly not carried out
        }
      }
      if (this.#clock.monotonic() + retryPauseMs >= findDeadline) {
        throw new KafkaError(
          'NOT_CONTROLLER',
          'no active controller could be reached: a majority of the brokers must be up and know each other',
        );
      }
      await sleep(this.#clock, retryPauseMs);
    }
  }
}
