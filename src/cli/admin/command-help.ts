import type { Command } from 'commander';
import { exitCodesHelp } from '../exit-codes.ts';

/** The flags of all commands that ask a running cluster. */
export function asking(command: Command): Command {
  return command
    .option(
      '-b, --bootstrap-server <host:port,...>',
      'brokers of the cluster; the first that answers is asked (default: KAFKA_BOOTSTRAP_SERVERS)',
    )
    .option('--meta <host:port>', 'the same for one broker')
    .option('--json', 'print one line of JSON, for scripts');
}

export function help(...examples: string[]): string {
  const lines = examples.map((example) => `  kafka-lite-cluster ${example} --meta=localhost:8080`);
  return `
Examples:
${lines.join('\n')}
${exitCodesHelp()}`;
}

/** For options that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
