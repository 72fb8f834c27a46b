import { type Logger, silentLogger } from '../log.ts';
import type { Platform } from '../platform.ts';
import { NodeClock } from './clock.ts';
import { NodeDisk } from './disk.ts';
import { NodeNetwork } from './network.ts';
import { SystemRandom } from './random.ts';

/** The doors to the real world. Without a logger nothing is logged; see {@link pinoLogger}. */
export function nodePlatform(options: { log?: Logger } = {}): Platform {
  const log = options.log ?? silentLogger;
  return { clock: new NodeClock(), random: new SystemRandom(), disk: new NodeDisk(), network: new NodeNetwork({ log }), log };
}
