import type { EmbeddedBroker } from './embedded-broker.ts';

/** One broker, for faults. What is done to it is undone by its opposite, and by {@link KafkaCluster.reset}. */
export class BrokerHandle {
  readonly id: number;
  readonly #broker: EmbeddedBroker;
  readonly #changed: () => void;
  readonly #untilServing: () => Promise<void>;

  /** @param hooks.changed who may speak to whom is to be looked at again; hooks.untilServing resolves when all brokers that are up are in service */
  constructor(broker: EmbeddedBroker, hooks: { changed(): void; untilServing(): Promise<void> }) {
    this.id = broker.id;
    this.#broker = broker;
    this.#changed = hooks.changed;
    this.#untilServing = hooks.untilServing;
  }

  /** host:port */
  get address(): string {
    const { host, port } = this.#broker.address;
    return `${host}:${port}`;
  }

  /** running, starting, stopping, stopped, killed, failed, paused or isolated. */
  get state(): string {
    return this.#broker.state;
  }

  /** Stops it in good order: what it leads moves to others first. Resolves when it is down. */
  stop(): Promise<void> {
    return this.#broker.stop();
  }

  /** Ends it as `kill -9` does. Resolves when its port refuses; what it has led moves soon after, see {@link WaitFor.leader}. */
  kill(): Promise<void> {
    return this.#broker.kill();
  }

  /** Starts it again, on the same port and with what was on its disk. Resolves when it is in service and the others know. */
  async start(): Promise<void> {
    await this.#broker.start();
    await this.#untilServing();
  }

  /** As SIGSTOP does: connections stay open and nobody answers. After a second (`broker.session.timeout.ms`) others lead what it led. */
  pause(): void {
    this.#broker.pause();
  }

  resume(): void {
    this.#broker.resume();
  }

  /** Cuts it off, from everyone (the default) or from the other brokers alone. It goes on by itself, and nothing it sends arrives. */
  isolate({ from = 'everyone' }: { readonly from?: 'everyone' | 'brokers' } = {}): void {
    this.#broker.isolate(from);
    this.#changed();
  }

  /** Every request to it, and every answer it gets from another broker, comes so much later; 0 ends that. */
  slow(delayMs: number): void {
    this.#broker.slow(delayMs);
  }

  /** Ends pause, isolation and slowness. */
  heal(): void {
    this.#broker.heal();
    this.#changed();
  }
}
