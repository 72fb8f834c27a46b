/**
 * The only doors to the outside: clock, random, disk, network, log lines. Each has an implementation on Node and a simulated one, and
 * both pass the same contract tests. Nothing else in src/ may touch node:fs, node:net, Date.now, Math.random or timers.
 */
export { type Clock, sleep, type Timer } from './clock.ts';
export { type Disk, DiskError, type DiskFile, type DiskLock } from './disk.ts';
export { type BucketCounts, DurationHistogram, durationQuantile } from './duration-histogram.ts';
export { ClusterClock } from './embedded/cluster-clock.ts';
export { EmbeddedProcess, type EmbeddedProcessOptions } from './embedded/process.ts';
export { ReservedPort } from './embedded/process-network.ts';
export { type Logger, silentLogger } from './log.ts';
export { type Address, type Connection, isLoopback, type Listener, type Network, NetworkError } from './network.ts';
export { NodeClock } from './node/clock.ts';
export { NodeDisk } from './node/disk.ts';
export { EventLoopIdleness } from './node/event-loop.ts';
export { NodeNetwork } from './node/network.ts';
export { newerNodeNeeded } from './node/node-version.ts';
export { type LineDestination, pinoLogger } from './node/pino-logger.ts';
export { nodePlatform } from './node/platform.ts';
export { SystemRandom } from './node/random.ts';
export { standardInput } from './node/standard-input.ts';
export type { Platform } from './platform.ts';
export type { Random } from './random.ts';
export { HostTime, SimulatedClock } from './simulated/clock.ts';
export { memoryDisk, SimulatedDisk } from './simulated/disk.ts';
export type { DiskOperation, FaultScope } from './simulated/disk-faults.ts';
export type { CrashMode } from './simulated/disk-image.ts';
export type { LinkConditions } from './simulated/link.ts';
export { SimulatedNetwork } from './simulated/network.ts';
export { SimulatedNode } from './simulated/node.ts';
export type { DiskDelay, SimulatedDiskOptions } from './simulated/platter.ts';
export { SeededRandom } from './simulated/random.ts';
export { type RunOptions, type RunOutcome, Scheduler } from './simulated/scheduler.ts';
export { SimulatedWorld, type SimulatedWorldOptions, simulatedPlatform } from './simulated/world.ts';
