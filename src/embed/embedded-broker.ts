import { Broker, type Interceptor, type RequestRouter } from '#broker';
import { createHttpDoor } from '#http';
import { type Address, type Clock, type Disk, EmbeddedProcess, type Logger, type Network, type Random, type ReservedPort } from '#platform';

export type BrokerState = 'running' | 'starting' | 'stopping' | 'stopped' | 'killed' | 'failed';

/** What brokers of one cluster have in common, and what is this one's. */
export interface EmbeddedBrokerOptions {
  readonly id: number;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Network;
  readonly directory: string;
  readonly log: Logger;
  readonly host: string;
  readonly port: ReservedPort;
  readonly peers: readonly Address[];
  readonly properties: ReadonlyMap<string, string>;
  /** Of each of its lives. */
  readonly random: (life: number) => Random;
  readonly route: (address: Address) => Address;
  readonly intercept: (broker: EmbeddedBroker) => Interceptor;
}

/** One broker of an embedded cluster, through all its lives. */
export class EmbeddedBroker {
  readonly id: number;
  readonly address: Address;
  readonly #options: EmbeddedBrokerOptions;
  #reserved: ReservedPort | undefined;
  #process: EmbeddedProcess | undefined;
  #broker: Broker | undefined;
  #state: BrokerState = 'stopped';
  #lives = 0;
  #failure: unknown;
  #isPaused = false;
  #isolation: 'none' | 'brokers' | 'everyone' = 'none';
  #delayMs = 0;
  /** Tells whether the way to another broker is cut there. */
  isCutOff: (address: Address) => boolean = () => false;

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
    this.#reserved = options.port;
    this.id = options.id;
    this.address = { host: options.host, port: options.port.port };
  }

  /** What it does, in a word; for messages. */
  get state(): string {
    if (this.#state !== 'running') return this.#state;
    if (this.#isPaused) return 'paused';
    return this.#isolation === 'none' ? 'running' : 'isolated';
  }

  get isUp(): boolean {
    return this.#state === 'running';
  }

  /** Whether somebody beside it would get an answer. */
  get isReachable(): boolean {
    return this.#state === 'running' && !this.#isPaused && this.#isolation !== 'everyone';
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isolation(): 'none' | 'brokers' | 'everyone' {
    return this.#isolation;
  }

  /** Why it could not go on. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Undefined while it is down. */
  get broker(): Broker | undefined {
    return this.#state === 'running' ? this.#broker : undefined;
  }

  get router(): RequestRouter | undefined {
    return this.broker?.router;
  }

  /** Resolves when its port answers. @throws what keeps it from starting */
  async start(): Promise<void> {
    if (this.#state === 'running' || this.#state === 'starting') return;
    const { clock, disk, network, log, host, peers, properties, directory, random, route, intercept } = this.#options;
    const port = this.#reserved;
    this.#reserved = undefined;
    this.#state = 'starting';
    this.#failure = undefined;
    const process = new EmbeddedProcess({ clock, disk, network, log, random: random(this.#lives++), port, route });
    this.#process = process;
    this.#applyFaults();
    try {
      const broker = await Broker.start({
        platform: process.platform,
        config: { nodeId: this.id, port: this.address.port, hosts: [host], advertisedHost: host, peers, properties, directory },
        http: (router) => createHttpDoor({ router, clock: process.platform.clock, log, gate: () => process.whenOpen() }),
        intercept: intercept(this),
        addressNow: route,
        onFatal: (error) => void this.#fail(process, error),
      });
      if (this.#process !== process || process.isKilled) throw this.#failure ?? new Error(`broker ${this.id} was ended while it started`);
      this.#broker = broker;
      this.#state = 'running';
    } catch (error) {
      await process.kill();
      if (this.#process === process) this.#state = 'stopped';
      throw error;
    }
  }

  /** In good order: hands its duties over, and closes its files. */
  async stop(): Promise<void> {
    const [broker, process] = [this.#broker, this.#process];
    if (this.#state !== 'running' || broker === undefined || process === undefined) return;
    this.resume();
    this.#state = 'stopping';
    await broker.stop();
    await process.kill();
    this.#broker = undefined;
    this.#state = 'stopped';
  }

  /** As `kill -9` does: no goodbye, and nothing of it goes on. */
  async kill(): Promise<void> {
    await this.#end('killed');
    await this.#reserved?.close();
    this.#reserved = undefined;
  }

  /** As SIGSTOP does: it does nothing, and who speaks to it hears nothing. */
  pause(): void {
    this.#isPaused = true;
    this.#process?.stop();
    this.#applyFaults();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#process?.goOn();
    this.#applyFaults();
  }

  /** The network around it is gone, for everyone or between it and the other brokers; it goes on by itself. */
  isolate(from: 'none' | 'brokers' | 'everyone'): void {
    this.#isolation = from;
    this.#applyFaults();
  }

  /** What reaches it reaches it so much later. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
    this.#applyFaults();
  }

  heal(): void {
    this.resume();
    this.isolate('none');
    this.slow(0);
  }

  /** Looks again at who may speak to whom. */
  reviewLinks(): void {
    this.#applyFaults();
  }

  #applyFaults(): void {
    const process = this.#process;
    if (process === undefined || process.isKilled) return;
    if (this.#isPaused) process.stop();
    process.setDelay(this.#delayMs);
    process.setCut((dialled) => {
      if (this.#isPaused || this.#isolation === 'everyone') return true;
      // All that a broker dials are brokers.
      return dialled !== undefined && (this.#isolation === 'brokers' || this.isCutOff(dialled));
    });
  }

  async #fail(process: EmbeddedProcess, error: unknown): Promise<void> {
    if (this.#process !== process || process.isKilled || this.#state === 'stopping') return;
    this.#failure = error;
    this.#options.log.error({ err: error, broker: this.id }, 'this broker cannot go on');
    await this.#end('failed');
  }

  async #end(state: 'killed' | 'failed'): Promise<void> {
    const process = this.#process;
    if (process === undefined || this.#state === 'stopped') return;
    this.#state = state;
    this.#broker = undefined;
    this.#isPaused = false;
    await process.kill();
  }
}
