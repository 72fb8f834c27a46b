import { Command, CommanderError } from 'commander';
import { asking } from './admin/command-help.ts';
import { addAdminCommands } from './admin/commands.ts';
import type { BrokerFlags } from './broker-options.ts';
import { CliError } from './cli-error.ts';
import type { DoctorFlags } from './doctor/doctor-command.ts';
import { type ExitCode, exitCodes, exitCodesHelp } from './exit-codes.ts';
import { addRecordCommands } from './records/commands.ts';
import type { UpFlags } from './up/up-options.ts';
import { programVersion } from './version.ts';

/**
 * Runs the command line and gives the exit code. Every command is loaded when it is called, so that --help and mistakes are answered at once.
 * @param args without the program's own name
 */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = commandLine((result) => {
    code = result;
  });
  try {
    // Asked by the scripts that `completion` prints.
    if (args[0] === 'complete' && args[1] === '--')
      return await (await import('./completion/index.ts')).printSuggestions(program, args.slice(2));
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CliError) {
      process.stderr.write(`error: ${error.message}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

function commandLine(done: (code: ExitCode) => void): Command {
  const program = new Command('kafka-lite-cluster')
    .description('A real Kafka cluster, one npm command away.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  program.addHelpText(
    'after',
    `
Examples:
  kafka-lite-cluster up --count=3 --port=8080
  kafka-lite-cluster broker --id=1 --port=8080 --peers=localhost:8081,localhost:8082
  kafka-lite-cluster producer --meta=localhost:8080
  kafka-lite-cluster consumer --meta=localhost:8080
  kafka-lite-cluster topic describe --meta=localhost:8080
${exitCodesHelp}`,
  );
  addUp(program, done);
  addBroker(program, done);
  addClients(program, done);
  addRecordCommands(program, done);
  addAdminCommands(program, done);
  addDoctor(program, done);
  addCompletion(program, done);
  return program;
}

function addDoctor(program: Command, done: (code: ExitCode) => void): void {
  asking(
    program.command('doctor').description('look at this machine, and at a cluster when one is named, and say what is wrong and what to do'),
  )
    .option('--data <dir>', 'the data directory whose disk is looked at (default: this one)')
    .option('--port <port>', 'the port that a broker would use', '8080')
    .addHelpText(
      'after',
      `
Ends with 1 when something has failed. Warnings are none.

Examples:
  kafka-lite-cluster doctor
  kafka-lite-cluster doctor --meta=localhost:8080
${exitCodesHelp}`,
    )
    .action(async (flags: DoctorFlags) => done(await (await import('./doctor/doctor-command.ts')).runDoctor(flags)));
}

function addCompletion(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('completion <shell>')
    .description('print what completes this command in bash, zsh, fish or pwsh')
    .addHelpText(
      'after',
      `
Examples:
  kafka-lite-cluster completion bash > ~/.local/share/bash-completion/completions/kafka-lite-cluster
  source <(kafka-lite-cluster completion zsh)
  kafka-lite-cluster completion fish > ~/.config/fish/completions/kafka-lite-cluster.fish
  kafka-lite-cluster completion pwsh | Out-String | Invoke-Expression
Names of topics and groups are asked of the cluster that -b or KAFKA_BOOTSTRAP_SERVERS names.
${exitCodesHelp}`,
    )
    .action(async (shell: string) => done((await import('./completion/index.ts')).printCompletion(shell)));
}

function addUp(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('up [command...]')
    .description('start several brokers as one cluster on this machine and watch over them; or run a command with them, and end as it ends')
    .option('--count <N>', 'how many brokers', '3')
    .option('--port <port>', 'port of the first broker; the others follow', '8080')
    .option('--data <dir>', 'data directory; each broker has a folder in it named by its id (default: ./kafka-lite-data)')
    .option('--memory', 'keep nothing: all data is lost when it ends')
    .option('--listen <host>', 'listen there and not on loopback only (may be repeated)', collect)
    .option('--config <name=value>', "one of Kafka's broker settings, for all brokers (may be repeated)", collect)
    .option('--properties <file>', 'a file of such settings')
    .option('--log-level <level>', 'debug, info, warn, error or silent', 'warn')
    .option('--json', 'print one line of JSON when ready, for scripts')
    .addHelpText(
      'after',
      `
Ctrl-C stops all brokers in good order; a second one kills them. A broker that dies is started again.

up -- COMMAND runs the command when the cluster is ready, with its addresses in KAFKA_BROKERS, KAFKA_BOOTSTRAP_SERVERS and KAFKA_REST_URL, stops
the brokers when it has ended, and ends with its exit code. Ports are free ones unless --port is given; data is kept only with --data.

Examples:
  kafka-lite-cluster up                                 three brokers on 8080, 8081, 8082; data in ./kafka-lite-data
  kafka-lite-cluster up --count=1 --port=9092 --memory  one broker for tests, nothing kept
  kafka-lite-cluster up --data=/var/lib/kafka-lite --config log.retention.ms=86400000
  kafka-lite-cluster up --count=1 -- npm test           a cluster for as long as the tests run
${exitCodesHelp}`,
    )
    .action(async (words: string[], flags: UpFlags, up: Command) => {
      if (words.length === 0) return done(await (await import('./up/up-command.ts')).runUp(flags));
      if (!process.argv.includes('--'))
        throw new CliError(
          `up takes no arguments. To run a command with the cluster: kafka-lite-cluster up -- ${words.join(' ')}`,
          exitCodes.usage,
        );
      done(await (await import('./up/up-with-command.ts')).runUpWith(words, flags, up.getOptionValueSource('port') !== 'default'));
    });
}

function addBroker(program: Command, done: (code: ExitCode) => void): void {
  const broker = program
    .command('broker')
    .description('start one broker; with --peers it forms a cluster with them, or joins the one they are in')
    .option('--id <number>', 'id of this broker, unique in the cluster')
    .option('--port <port>', 'port for Kafka clients, HTTP and the other brokers')
    .option('--peers <host:port,...>', 'the other brokers; without, a cluster of one')
    .option('--data <dir>', 'data directory (default: ./kafka-lite-data/<id>)')
    .option('--memory', 'keep nothing: all data is lost when it ends')
    .option('--listen <host>', 'listen there and not on loopback only (may be repeated)', collect)
    .option(
      '--advertise <host[:port]>',
      'what clients and other brokers are told to dial (default: clients the address that they dialled, others the first of --listen, else localhost)',
    )
    .option('--config <name=value>', "one of Kafka's broker settings (may be repeated)", collect)
    .option('--properties <file>', 'a file of such settings')
    .option('--log-level <level>', 'debug, info, warn, error or silent', 'info');
  broker
    .addOption(broker.createOption('--supervised').hideHelp())
    .addHelpText(
      'after',
      `
Prints "Broker <ID> running on :<port>" on stdout when requests succeed, or soon after when other brokers are still missing; log lines go
to stderr.
SIGINT (Ctrl-C) or SIGTERM stops it in good order; a second one ends it at once.

Examples, one per terminal, in any order:
  kafka-lite-cluster broker --id=1 --port=8080 --peers=localhost:8081,localhost:8082
  kafka-lite-cluster broker --id=2 --port=8081 --peers=localhost:8080,localhost:8082
  kafka-lite-cluster broker --id=3 --port=8082 --peers=localhost:8080,localhost:8081
${exitCodesHelp}`,
    )
    .action(async (flags: BrokerFlags) => {
      const { nodePlatform } = await import('#platform');
      const { readBrokerFlags } = await import('./broker-options.ts');
      const { loadEnvironment } = await import('./settings.ts');
      const { surroundings } = await import('./surroundings.ts');
      const around = surroundings();
      const settings = readBrokerFlags(flags, nodePlatform().disk, await loadEnvironment(around.environment), around);
      done(await (await import('./run-broker.ts')).runBroker(settings));
    });
}

function addClients(program: Command, done: (code: ExitCode) => void): void {
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
${exitCodesHelp}`,
    )
    .action(async (flags: { meta?: string }) => done(await (await import('./clients/index.ts')).runClient('producer', flags)));
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
${exitCodesHelp}`,
    )
    .action(async ({ meta, group }: { meta?: string; group?: string }) => {
      if (group === undefined)
        done(await (await import('./clients/index.ts')).runClient('consumer', { ...(meta === undefined ? {} : { meta }) }));
      else done(await (await import('./clients/group-member.ts')).runGroupMember({ meta, group }));
    });
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
