import type { Command } from 'commander';
import { type ExitCode, exitCodesHelp } from '../exit-codes.ts';

/** Adds `producer` and `consumer`, the clients to talk with. */
export function addClients(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('producer')
    .description('send the lines you type to a partition')
    .option('--meta <host:port>', 'any broker of the cluster')
    .addHelpText(
      'after',
      `
Examples:
  kafka-lite-cluster producer --meta=localhost:8080
  printf 'test\\n1\\nHello World\\nexit\\n' | kafka-lite-cluster producer --meta=localhost:8080
${exitCodesHelp()}`,
    )
    .action(async (flags: { meta?: string }) => done(await (await import('./index.ts')).runClient('producer', flags)));
  program
    .command('consumer')
    .description("print a partition's messages from its beginning, or with --group where the group stopped, and what arrives")
    .option('--meta <host:port>', 'any broker of the cluster')
    .option('--group <name>', 'read as a member of this consumer group, which shares all partitions of the topic among its members')
    .addHelpText(
      'after',
      `
Examples:
  kafka-lite-cluster consumer --meta=localhost:8080
  printf 'test\\n1\\n' | kafka-lite-cluster consumer --meta=localhost:8080
  kafka-lite-cluster consumer --meta=localhost:8080 --group=readers
  echo test | kafka-lite-cluster consumer --meta=localhost:8080 --group=readers
${exitCodesHelp()}`,
    )
    .action(async ({ meta, group }: { meta?: string; group?: string }) => {
      if (group === undefined) done(await (await import('./index.ts')).runClient('consumer', meta === undefined ? {} : { meta }));
      else done(await (await import('./group-member.ts')).runGroupMember({ meta, group }));
    });
}
