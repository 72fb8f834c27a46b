import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { startingBrokers } from '../starting-brokers.ts';
import type { UpFlags } from './up-options.ts';

/** Adds `up`. @param words all that stands behind a --, a command to run; undefined without one */
export function addUp(program: Command, words: readonly string[] | undefined, done: (code: ExitCode) => void): void {
  startingBrokers(
    program
      .command('up [command...]')
      .description(
        'start several brokers as one cluster on this machine and watch over them; or run a command with them, and end as it ends',
      )
      .option('--count <N>', 'how many brokers', '3')
      .option('--port <port>', 'port of the first broker; the others follow (0: free ones)', '8080')
      .option('--data <dir>', 'data directory; each broker has a folder in it named by its id (default: ./kafka-lite-data)'),
    {
      advertise: [
        '--advertise <host>',
        'the host that clients are told to dial, with the port of each broker (default: the one that they dialled)',
      ],
      config: "one of Kafka's broker settings, for all brokers",
      logLevel: 'warn',
    },
  )
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
${exitCodesHelp({
  0: 'stopped in good order (Ctrl-C, SIGTERM)',
  3: null,
  4: null,
  126: 'up -- COMMAND: the command may not be executed',
  127: 'up -- COMMAND: there is no such command',
  130: 'interrupted twice, or up -- COMMAND before the command ran',
  143: 'terminated twice, or up -- COMMAND before the command ran',
  N: 'up -- COMMAND: the exit code of the command; 128 and the number of the signal that ended it',
})}`,
    )
    .action(async (taken: string[], flags: UpFlags, up: Command) => {
      if (taken.length !== (words?.length ?? 0))
        throw new CliError(
          `up takes no arguments. To run a command with the cluster: kafka-lite-cluster up -- ${taken.join(' ')}`,
          exitCodes.usage,
        );
      if (words === undefined) return done(await (await import('./up-command.ts')).runUp(flags));
      if (words.length === 0) throw new CliError('up --: the command is missing, as in up -- npm test.', exitCodes.usage);
      done(await (await import('./up-with-command.ts')).runUpWith(words, flags, up.getOptionValueSource('port') !== 'default'));
    });
}
