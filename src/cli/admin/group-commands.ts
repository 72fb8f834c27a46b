import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import type { AdminFlags } from './admin-flags.ts';
import { asking, collect, help } from './command-help.ts';
import type { DeleteOffsetsFlags } from './group-delete-offsets.ts';
import type { DescribeFlags } from './group-describe.ts';
import type { ResetFlags } from './group-reset.ts';

/** Adds `group`, which looks after consumer groups of any Kafka cluster. */
export function addGroup(program: Command, done: (code: ExitCode) => void): void {
  const group = program.command('group').description('list, describe, reset and delete consumer groups of a running cluster');
  group.addHelpText(
    'after',
    help('group list', 'group describe readers', 'group reset readers --topic=orders --to-earliest', 'group delete readers'),
  );
  asking(group.command('list').description('all groups with their kind, state and number of members'))
    .addHelpText('after', help('group list'))
    .action(async (flags: AdminFlags) => done(await (await import('./group-list.ts')).groupList(flags)));
  asking(
    group.command('describe <name...>').description('how far a group has come in each partition, how far behind it is, and who reads what'),
  )
    .option('--members', 'show its members and what they have, not its offsets')
    .option('--state', 'show neither')
    .addHelpText(
      'after',
      `
LAG: how many offsets lie between the committed one and the end of the log. LAG-SECONDS: how long ago the first record was written that the
group has not had, and could have (records of open or aborted transactions do not count); 0 when there is none.
A question mark stands for what nobody can tell at the moment.
${help('group describe readers', 'group describe readers --members')}`,
    )
    .action(async (names: string[], flags: DescribeFlags) => done(await (await import('./group-describe.ts')).groupDescribe(names, flags)));
  addReset(group, done);
  asking(group.command('delete <name...>').description('remove groups and all that they have committed'))
    .addHelpText('after', help('group delete readers'))
    .action(async (names: string[], flags: AdminFlags) => done(await (await import('./group-delete.ts')).groupDelete(names, flags)));
  about(asking(group.command('delete-offsets <name>').description('let a group forget how far it has read some topics')))
    .addHelpText('after', help('group delete-offsets readers --topic=orders'))
    .action(async (name: string, flags: DeleteOffsetsFlags) =>
      done(await (await import('./group-delete-offsets.ts')).groupDeleteOffsets(name, flags)),
    );
}

function addReset(group: Command, done: (code: ExitCode) => void): void {
  about(
    asking(
      group
        .command('reset <name>')
        .description('choose where a group goes on reading; only shows what would change unless told to --execute'),
    ),
  )
    .option('--to-earliest', 'at the first record that is there')
    .option('--to-latest', 'at the end, so that only what is new is read')
    .option('--to-offset <offset>', 'at this offset, or the nearest one that is there')
    .option('--shift-by <N>', 'so many offsets after the present one, or with a minus before it')
    .option('--to-datetime <moment>', 'at the first record written then or later: 2026-11-25T08:30:00.000, UTC unless a zone follows')
    .option('--by-duration <duration>', 'the same, so long ago: PnDTnHnMnS, as in P1D or PT90S')
    .option('--to-current', 'where it is; where it has committed nothing, at the end')
    .option('--from-file <file>', 'as a file says, line by line: topic,partition,offset')
    .option('--dry-run', 'change nothing (the default)')
    .option('--execute', 'do it')
    .option('--export', 'print topic,partition,offset lines as --from-file reads them')
    .addHelpText(
      'after',
      `
The group must have no members: stop them first.
${help('group reset readers --topic=orders --to-earliest', 'group reset readers --topic=orders:0,1 --shift-by=-10 --execute', 'group reset readers --all-topics --by-duration=PT1H --execute')}`,
    )
    .action(async (name: string, flags: ResetFlags) => done(await (await import('./group-reset.ts')).groupReset(name, flags)));
}

function about(command: Command): Command {
  return command
    .option('--topic <name[:partition,...]>', 'a topic, or some of its partitions (may be repeated)', collect)
    .option('--all-topics', 'all partitions that the group has committed');
}
