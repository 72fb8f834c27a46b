import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterClock, EmbeddedProcess, memoryDisk, nodePlatform, type Platform, SimulatedWorld, sleep } from '../index.ts';

/** An implementation of the doors, as a contract test sees it. */
export interface Implementation {
  name: string;
  /** Runs a test body on a fresh platform, in its own time. */
  run(body: (surroundings: Surroundings) => Promise<void>): Promise<void>;
}

export interface Surroundings {
  platform: Platform;
  /** An empty directory on the platform's disk. */
  directory: string;
  /** The host that the platform's own listeners are reached at. */
  host: string;
  /** Waits, by the platform's clock, until something holds. */
  until(condition: () => boolean): Promise<void>;
}

/** Every test body runs over all implementations (and, for disks, over the plain disk in memory). */
export const implementations: Implementation[] = [
  { name: 'Node', run: runOnNode },
  { name: 'simulated', run: runSimulated },
  { name: 'of a process within this one', run: runEmbedded },
];

export const diskImplementations: Implementation[] = [...implementations, { name: 'in memory', run: runInMemory }];

async function runOnNode(body: (surroundings: Surroundings) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'platform-contract-'));
  const platform = nodePlatform();
  try {
    await body({ platform, directory, host: '127.0.0.1', until: (condition) => untilHolds(platform, condition) });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runSimulated(body: (surroundings: Surroundings) => Promise<void>): Promise<void> {
  const world = new SimulatedWorld({ seed: 'contract' });
  const { platform } = world.node('host');
  platform.disk.makeDirectory('/data');
  await world.finish(body({ platform, directory: '/data', host: 'host', until: (condition) => untilHolds(platform, condition) }));
}

async function runInMemory(body: (surroundings: Surroundings) => Promise<void>): Promise<void> {
  const platform = { ...nodePlatform(), disk: memoryDisk() };
  platform.disk.makeDirectory('/data');
  await body({ platform, directory: '/data', host: '127.0.0.1', until: (condition) => untilHolds(platform, condition) });
}

async function runEmbedded(body: (surroundings: Surroundings) => Promise<void>): Promise<void> {
  const real = nodePlatform();
  const disk = memoryDisk();
  disk.makeDirectory('/data');
  const process = new EmbeddedProcess({ ...real, clock: new ClusterClock(real.clock), disk });
  const { platform } = process;
  try {
    await body({ platform, directory: '/data', host: '127.0.0.1', until: (condition) => untilHolds(platform, condition) });
  } finally {
    await process.kill();
  }
}

async function untilHolds(platform: Platform, condition: () => boolean): Promise<void> {
  const deadline = platform.clock.monotonic() + 10_000;
  // Node's timers do not keep its process alive; the test runner does.
  while (!condition()) {
    if (platform.clock.monotonic() > deadline) throw new Error(`still not so after 10 s: ${condition}`);
    await sleep(platform.clock, 2);
  }
}
