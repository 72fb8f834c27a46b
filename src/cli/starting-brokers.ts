import type { Command } from 'commander';
import { collect } from './admin/command-help.ts';

/** What one of the commands says in its own words. */
export interface OwnWords {
  readonly advertise: readonly [flags: string, description: string];
  readonly config: string;
  /** The default. */
  readonly logLevel: string;
}

/** The flags of all commands that start brokers. */
export function startingBrokers(command: Command, { advertise, config, logLevel }: OwnWords): Command {
  return command
    .option('--memory', 'keep nothing: all data is lost when it ends')
    .option('--listen <host>', 'listen there and not on loopback only (may be repeated)', collect)
    .option(...advertise)
    .option('--config <name=value>', `${config} (may be repeated)`, collect)
    .option('--properties <file>', 'a file of such settings')
    .option('--log-level <level>', 'debug, info, warn, error or silent', logLevel);
}
