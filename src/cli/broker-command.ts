import type { Command } from 'commander';
import type { BrokerFlags } from './broker-options.ts';
import { type ExitCode, exitCodesHelp } from './exit-codes.ts';
import { startingBrokers } from './starting-brokers.ts';

/** Adds `broker`. */
export function addBroker(program: Command, done: (code: ExitCode) => void): void {
  const broker = startingBrokers(
    program
      .command('broker')
      .description('start one broker; with --peers it forms a cluster with them, or joins the one they are in')
      .option('--id <number>', 'id of this broker, unique in the cluster')
      .option('--port <port>', 'port for Kafka clients, HTTP and the other brokers')
      .option('--peers <host:port,...>', 'the other brokers; without, a cluster of one')
      .option('--data <dir>', 'data directory (default: ./kafka-lite-data/<id>)'),
    {
      advertise: [
        '--advertise <host[:port]>',
        'what clients and other brokers are told to dial (default: clients the address that they dialled, others the first of --listen, else localhost)',
      ],
      config: "one of Kafka's broker settings",
      logLevel: 'info',
    },
  ).option('--json', 'print the line that says it runs as JSON, for scripts');
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
${exitCodesHelp({ 0: 'stopped in good order (Ctrl-C, SIGTERM)', 3: null, 4: null, 130: 'interrupted twice', 143: 'terminated twice' })}`,
    )
    .action(async (flags: BrokerFlags & { json?: boolean }) => {
      const { nodePlatform } = await import('#platform');
      const { readBrokerFlags } = await import('./broker-options.ts');
      const { loadEnvironment } = await import('./settings.ts');
      const { surroundings } = await import('./surroundings.ts');
      const around = surroundings();
      const settings = readBrokerFlags(flags, nodePlatform().disk, await loadEnvironment(around.environment), around);
      done(await (await import('./run-broker.ts')).runBroker(settings, flags.json));
    });
}
