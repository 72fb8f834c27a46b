import type { Clock } from '../clock.ts';
import type { Disk } from '../disk.ts';
import type { Logger } from '../log.ts';
import type { Address, Network } from '../network.ts';
import type { Platform } from '../platform.ts';
import type { Random } from '../random.ts';
import { ProcessClock } from './process-clock.ts';
import { ProcessDisk } from './process-disk.ts';
import { type Cut, ProcessNetwork, type ReservedPort } from './process-network.ts';

export interface EmbeddedProcessOptions {
  /** Shared by all processes; it goes on whatever becomes of them. */
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly log: Logger;
  readonly port?: ReservedPort | undefined;
  readonly route?: (address: Address) => Address;
}

/**
 * The doors of one broker among several in one process of the host, made so that it can be stopped, cut off and killed as if it had a process of its own. What it
 * was doing when it was killed never goes on.
 */
export class EmbeddedProcess {
  readonly platform: Platform;
  readonly #shared: Clock;
  readonly #clock: ProcessClock;
  readonly #disk: ProcessDisk;
  readonly #network: ProcessNetwork;
  #killed: Promise<void> | undefined;

  constructor({ clock, random, disk, network, log, port, route }: EmbeddedProcessOptions) {
    this.#shared = clock;
    this.#clock = new ProcessClock(clock);
    this.#disk = new ProcessDisk(disk);
    this.#network = new ProcessNetwork({ network, clock, port, ...(route === undefined ? {} : { route }) });
    this.platform = { clock: this.#clock, random, disk: this.#disk, network: this.#network, log };
  }

  get isKilled(): boolean {
    return this.#killed !== undefined;
  }

  /** As SIGSTOP does: nothing happens in it, and those who speak to it hear nothing. Its connections are the caller's to cut. */
  stop(): void {
    this.#clock.stop();
  }

  /** As SIGCONT does. */
  goOn(): void {
    this.#clock.goOn();
  }

  setCut(cut: Cut | undefined): void {
    this.#network.setCut(cut);
  }

  setDelay(delayMs: number): void {
    this.#network.delayMs = delayMs;
  }

  /** See {@link ProcessNetwork.whenOpen}. */
  whenOpen(): Promise<void> {
    return this.#network.whenOpen();
  }

  /** As SIGKILL does. When the promise resolves, its port is free and so are its files. */
  kill(): Promise<void> {
    this.#killed ??= this.#kill();
    return this.#killed;
  }

  async #kill(): Promise<void> {
    this.#clock.kill();
    this.#disk.kill();
    await this.#network.kill();
    // What was in the middle of something goes on until it waits.
    await new Promise<void>((resolve) => this.#shared.after(0, resolve));
    this.#disk.cleanUp();
  }
}
