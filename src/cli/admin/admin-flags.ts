import type { Address } from '#platform';
import { parseAddress } from '../addresses.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

const serversVariable = 'KAFKA_BOOTSTRAP_SERVERS';

/** What all commands that ask a running cluster take. */
export interface AdminFlags {
  meta?: string;
  bootstrapServer?: string;
  json?: boolean;
}

/** Whether there is a cluster to ask. */
export function namesServers({ meta, bootstrapServer }: AdminFlags, environment: NodeJS.ProcessEnv = process.env): boolean {
  return meta !== undefined || bootstrapServer !== undefined || serversOf(environment) !== undefined;
}

/** `up -- COMMAND` sets it for commands, and so do many others. */
function serversOf(environment: NodeJS.ProcessEnv): string | undefined {
  return environment[serversVariable] || undefined;
}

/** The brokers to ask, in their order. @throws CliError, UsageError */
export function readServers({ meta, bootstrapServer: flag }: AdminFlags, environment: NodeJS.ProcessEnv = process.env): Address[] {
  if (meta !== undefined && flag !== undefined)
    throw new UsageError('--meta', meta, 'it says the same as --bootstrap-server', 'Leave one of them out');
  if (meta !== undefined) return [parseAddress('--meta', meta)];
  const bootstrapServer = flag ?? serversOf(environment);
  if (bootstrapServer === undefined)
    throw new CliError(
      `--bootstrap-server (or --meta) is missing: name a broker, as in --bootstrap-server=localhost:8080, or set ${serversVariable}.`,
      exitCodes.usage,
    );
  const source = flag === undefined ? serversVariable : '--bootstrap-server';
  const entries = bootstrapServer
    .split(',')
    // Testcontainers and others write a protocol, which Kafka's clients pass over.
    .map((entry) => entry.trim().replace(/^PLAINTEXT:\/\//i, ''))
    .filter((entry) => entry !== '');
  if (entries.length === 0) throw new UsageError(source, bootstrapServer, 'it names no broker');
  return entries.map((entry) => parseAddress(source, entry));
}
