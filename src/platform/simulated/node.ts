import assert from 'node:assert/strict';
import type { Logger } from '../log.ts';
import type { Platform } from '../platform.ts';
import { HostTime, SimulatedClock } from './clock.ts';
import type { ConnectionHolder, SimulatedConnection } from './connection.ts';
import { SimulatedDisk } from './disk.ts';
import type { CrashMode } from './disk-image.ts';
import type { EventOwner, SimulatedEvent } from './events.ts';
import type { SimulatedNetwork } from './network.ts';
import type { SimulatedDiskOptions } from './platter.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What all nodes of a world share. */
export interface NodeContext {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly wallStartMs: number;
  readonly disk: Pick<SimulatedDiskOptions, 'syncDelay' | 'readDelay' | 'capacityBytes'>;
  log(nodeName: string): Logger;
  nextOwnerId(): number;
}

/** One process of a host: from its start until it is killed. */
class SimulatedProcess implements ConnectionHolder {
  readonly connections = new Set<SimulatedConnection>();
  readonly owner: EventOwner;
  readonly kernel: EventOwner;
  readonly platform: Platform;
  alive = true;

  constructor(id: number, isPaused: () => boolean, defer: (event: SimulatedEvent) => void, platform: (self: SimulatedProcess) => Platform) {
    const isAlive = (): boolean => this.alive;
    this.owner = {
      id,
      defer,
      get alive() {
        return isAlive();
      },
      get paused() {
        return isPaused();
      },
    };
    // A kernel lives on when its process is killed, and then has nobody to wait for.
    this.kernel = {
      id,
      defer,
      alive: true,
      get paused() {
        return isAlive() && isPaused();
      },
    };
    this.platform = platform(this);
  }
}

/** A simulated host: its disk and its clock stay, processes come and go. */
export class SimulatedNode {
  readonly name: string;
  readonly #context: NodeContext;
  readonly #random: SeededRandom;
  readonly #time: HostTime;
  #disk: SimulatedDisk;
  #process: SimulatedProcess | undefined;
  /** Whose connections the network still knows after a power cut. */
  #former: SimulatedProcess | undefined;
  #starts = 0;
  #disks = 1;
  #paused = false;
  #deferred: SimulatedEvent[] = [];

  constructor(name: string, context: NodeContext) {
    this.name = name;
    this.#context = context;
    this.#random = context.random.fork(`node ${name}`);
    this.#time = new HostTime(context.scheduler, context.wallStartMs);
    context.network.addHost(name);
    this.#disk = this.#newDisk('disk');
  }

  /** The platform of the process that runs here; a process is started when there is none. */
  get platform(): Platform {
    this.#process ??= this.#start();
    return this.#process.platform;
  }

  /** Whether a process runs, paused or not. */
  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** The disk, for faults and for looking at it; after a crash it is another object. */
  get disk(): SimulatedDisk {
    return this.#disk;
  }

  /** The number of the process that runs here, as the owner of events; undefined while there is none. */
  get processId(): number | undefined {
    return this.#process?.owner.id;
  }

  /** Puts an empty disk in the place of the one that is there. The host must be down. */
  replaceDisk(): void {
    assert(this.#process === undefined, `${this.name} is up`);
    this.#disk = this.#newDisk(`disk ${++this.#disks}`);
  }

  /** The process stands still (SIGSTOP, a long garbage collection): its timers and what arrives for it wait. */
  pause(): void {
    this.#paused = true;
  }

  /** All that waited happens now, in its order. */
  resume(): void {
    this.#paused = false;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const event of deferred) this.#context.scheduler.reschedule(event);
  }

  /** kill -9: timers and callbacks are gone, connections end or are reset, the disk keeps all that was written. */
  kill(): void {
    const process = this.#end();
    if (!process) return;
    this.#disk = this.#disk.restart();
    this.#context.network.processEnded(this.name, process);
    this.resume();
  }

  /** The power fails: the disk keeps what `mode` says, and the other hosts hear nothing. {@link platform} switches the host on again. */
  cutPower(mode: CrashMode): void {
    const process = this.#end();
    this.#disk = this.#disk.crash(mode);
    if (!process) return;
    this.#former = process;
    this.#context.network.powerOff(this.name, process);
    this.resume();
  }

  /** Sets the wall clock forward, or back. */
  jumpClock(byMs: number): void {
    this.#time.jumpWall(byMs);
  }

  /** How many seconds pass here in a second of the world. */
  setClockRate(rate: number): void {
    this.#time.setRate(rate);
  }

  #start(): SimulatedProcess {
    const { scheduler, network } = this.#context;
    network.powerOn(this.name, this.#former);
    this.#former = undefined;
    const random = this.#random.fork(`process ${++this.#starts}`);
    return new SimulatedProcess(
      this.#context.nextOwnerId(),
      () => this.#paused,
      (event) => this.#deferred.push(event),
      (process) => ({
        clock: new SimulatedClock(scheduler, this.#time, process.owner),
        random,
        disk: this.#disk,
        network: network.doorOf(this.name, process),
        log: this.#context.log(this.name),
      }),
    );
  }

  #newDisk(name: string): SimulatedDisk {
    const { disk, scheduler } = this.#context;
    return new SimulatedDisk({
      ...disk,
      random: this.#random.fork(name),
      nowMs: () => this.#time.wallMs(),
      schedule: (delayMs, callback) => void scheduler.schedule(delayMs * 1000, 'disk', this.#process?.owner, callback),
    });
  }

  #end(): SimulatedProcess | undefined {
    const process = this.#process;
    if (process) process.alive = false;
    this.#process = undefined;
    return process;
  }
}
