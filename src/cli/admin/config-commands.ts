import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { asking, help } from './command-help.ts';
import type { ConfigFlags } from './config-command.ts';

/** Adds `config`. */
export function addConfig(program: Command, done: (code: ExitCode) => void): void {
  const config = program.command('config').description('show and change settings of topics, brokers and groups of a running cluster');
  config.addHelpText(
    'after',
    help('config describe topic orders', 'config set topic orders retention.ms=86400000', 'config unset broker 1 log.retention.ms'),
  );
  asking(config.command('describe <kind> <name> [setting...]').description('what is set for a topic, a broker or a group'))
    .option('--all', 'the defaults, too')
    .addHelpText('after', help('config describe topic orders', 'config describe broker 1 --all', 'config describe broker default'))
    .action(async (kind: string, name: string, settings: string[], flags: ConfigFlags) =>
      done(await (await import('./config-command.ts')).configDescribe(kind, name, settings, flags)),
    );
  asking(config.command('set <kind> <name> <setting=value...>').description('change settings, all of them or none'))
    .option('--dry-run', 'only ask whether they would be taken')
    .addHelpText('after', help('config set topic orders retention.ms=86400000 cleanup.policy=delete'))
    .action(async (kind: string, name: string, settings: string[], flags: ConfigFlags) =>
      done(await (await import('./config-command.ts')).configSet(kind, name, settings, flags)),
    );
  asking(config.command('unset <kind> <name> <setting...>').description('take settings back, so that what applies to all applies again'))
    .option('--dry-run', 'only ask whether they would be taken')
    .addHelpText('after', help('config unset topic orders retention.ms'))
    .action(async (kind: string, name: string, settings: string[], flags: ConfigFlags) =>
      done(await (await import('./config-command.ts')).configUnset(kind, name, settings, flags)),
    );
}
