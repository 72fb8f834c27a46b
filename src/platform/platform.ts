import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import type { Logger } from './log.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';

/** Everything a broker may know of the world outside. Production has Node's, tests and the simulator a seeded one. */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly log: Logger;
}
