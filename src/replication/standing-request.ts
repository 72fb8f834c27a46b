import { type Clock, type Logger, NetworkError, type Timer } from '#platform';
import { KafkaError } from '#protocol';

export interface StandingRequestOptions<K, W> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** After a request that came to nothing. */
  readonly retryMs: number;
  /** What it is about, for the log. */
  readonly about: string;
  /** Is the wish still one? Asked before each request. */
  readonly isWanted?: (key: K, wish: W) => boolean;
  /**
   * Asks for all of it, and takes out with {@link StandingRequest.settled} what is settled by the answer.
   * @returns whether something has to be asked for again
   * @throws NetworkError, KafkaError when nothing is settled
   */
  readonly ask: (wishes: ReadonlyMap<K, W>) => Promise<boolean>;
}

/** Wishes to the controller: all that stand go in one request, one request at a time, again and again until they are settled. */
export class StandingRequest<K, W> {
  readonly #options: StandingRequestOptions<K, W>;
  readonly #wishes = new Map<K, W>();
  #timer: Timer | undefined;
  #inFlight = false;
  #closed = false;

  constructor(options: StandingRequestOptions<K, W>) {
    this.#options = options;
  }

  /** In a moment: what is wished for in one turn goes together. */
  wish(key: K, wish: W): void {
    this.#wishes.set(key, wish);
    this.#sendIn(0);
  }

  /** @param wish which is settled; when another one has taken its place meanwhile, that one stands. Without it, whatever is wished for */
  settled(key: K, wish: W | undefined = this.#wishes.get(key)): void {
    if (this.#wishes.get(key) === wish) this.#wishes.delete(key);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#wishes.clear();
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#inFlight || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const { ask, isWanted, retryMs, logger, about } = this.#options;
    for (const [key, wish] of this.#wishes) if (isWanted?.(key, wish) === false) this.#wishes.delete(key);
    if (this.#wishes.size === 0 || this.#closed) return;
    this.#inFlight = true;
    let again = true;
    try {
      again = await ask(new Map(this.#wishes));
    } catch (error) {
      if (!(error instanceof NetworkError || error instanceof KafkaError)) throw error;
      logger.debug({ about, error: error.message }, 'the controller has not answered as hoped, trying again');
    } finally {
      this.#inFlight = false;
    }
    if (this.#wishes.size > 0) this.#sendIn(again ? retryMs : 0);
  }
}
