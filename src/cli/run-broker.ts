import { hostname } from 'node:os';
import { Broker } from '#broker';
import { createHttpDoor, type HttpAccess } from '#http';
import { DiskError, memoryDisk, NetworkError, nodePlatform, type Platform, pinoLogger } from '#platform';
import { KafkaError } from '#protocol';
import { MisfitError } from '#raft';
import { LogDirectoryError } from '#storage';
import type { BrokerSettings } from './broker-options.ts';
import { CliError } from './cli-error.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { onStopSignals, stayAlive } from './signals.ts';
import { tell } from './tell.ts';

/** The line that says it runs comes when requests succeed, or after so long when they do not yet. */
const longestWaitMs = 1500;

/** Where a broker in memory believes its files to be. */
const memoryDirectory = '/memory';

/** Runs one broker until it is told to stop. @param asJson the line that says it runs is JSON */
export async function runBroker(settings: BrokerSettings, asJson = false): Promise<ExitCode> {
  for (const note of settings.notes) tell(`note: ${note}`);
  const log = pinoLogger({ level: settings.logLevel });
  const real = nodePlatform({ log });
  const platform: Platform = settings.directory === undefined ? { ...real, disk: memoryDisk() } : real;
  // While it stops there may be nothing but timers left to wait for.
  const letGo = stayAlive();
  const ending = new Promise<ExitCode>((resolve, reject) => {
    const starting = start(platform, settings, reject);
    const stop = (code: ExitCode) => {
      starting
        .then((broker) => broker.stop())
        .then(
          () => resolve(code),
          // What kept it from starting is told already; what keeps it from stopping is.
          (error: unknown) => reject(asCliError(error, settings)),
        );
    };
    // Under `up` Ctrl-C goes to all processes of the terminal, and the parent decides what follows; when the parent is gone, so is the cluster.
    if (settings.isSupervised) {
      process.on('SIGINT', () => {});
      process.on('disconnect', () => stop(exitCodes.ok));
    }
    const signals = settings.isSupervised ? (['SIGTERM'] as const) : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const);
    // A broker that was asked to stop and did has succeeded, as far as those who run services are concerned.
    onStopSignals(platform.clock, { once: () => stop(exitCodes.ok), again: resolve }, signals);
    starting.then(
      async (broker) => {
        // Who reads the line may go ahead at once; but a broker whose peers are still to be started cannot wait for them.
        const ready = await broker.whenReady(longestWaitMs);
        const { id } = settings;
        const { port } = broker;
        process.stdout.write(
          asJson ? `${JSON.stringify({ id, port, address: `localhost:${port}`, ready })}\n` : `Broker ${id} running on :${port}\n`,
        );
      },
      (error: unknown) => reject(asCliError(error, settings)),
    );
  });
  return ending.finally(letGo);
}

function start(platform: Platform, settings: BrokerSettings, onFatal: (error: unknown) => void): Promise<Broker> {
  const { id: nodeId, properties, hosts } = settings;
  return Broker.start({
    platform,
    config: {
      nodeId,
      port: settings.port,
      hosts,
      listenerName: settings.listenerName,
      advertisedHost: settings.advertisedHost,
      ...(settings.advertisedPort !== undefined && { advertisedPort: settings.advertisedPort }),
      advertisesDialled: settings.advertisesDialled,
      moreListeners: settings.moreListeners,
      peers: settings.peers,
      properties,
      directory: settings.directory ?? memoryDirectory,
    },
    http: (router) => createHttpDoor({ router, clock: platform.clock, log: platform.log, access: accessOf(settings) }),
    onFatal: (error) => {
      const code = error instanceof MisfitError ? exitCodes.usage : exitCodes.failed;
      onFatal(new CliError(`Broker ${nodeId} cannot go on: ${messageOf(error)}`, code, { cause: error }));
    },
  });
}

/** The names of this machine are as good as its addresses. */
function accessOf({ properties, hosts }: BrokerSettings): HttpAccess {
  const list = (name: string) => (properties.get(name) ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return { hosts: [...list('http.allowed.hosts'), ...hosts, hostname()], origins: list('http.allowed.origins') };
}

/** What keeps a broker from starting, with what to do about it. */
function asCliError(error: unknown, { id, port, hosts, directory, sources }: BrokerSettings): unknown {
  if (error instanceof NetworkError && error.code === 'EADDRINUSE') {
    return new CliError(
      `--port=${port}: the port is in use by another process. Stop that process, or give broker ${id} another port.`,
      exitCodes.failed,
      { cause: error },
    );
  }
  if (error instanceof NetworkError && error.code === 'EACCES') {
    return new CliError(
      `--port=${port}: this user may not listen there. Ports below 1024 are the administrator's: use a higher one.`,
      exitCodes.failed,
      { cause: error },
    );
  }
  if (error instanceof NetworkError)
    return new CliError(`--listen=${hosts.join(',')}: ${error.message}.`, exitCodes.failed, { cause: error });
  if (error instanceof LogDirectoryError) return new CliError(`--data=${directory}: ${error.message}`, exitCodes.usage, { cause: error });
  if (error instanceof DiskError) {
    return new CliError(`--data=${directory}: ${error.message}. Name a directory that this user may write to.`, exitCodes.usage, {
      cause: error,
    });
  }
  if (error instanceof KafkaError && error.errorName === 'INVALID_CONFIG') {
    const name = error.message.split('=', 1)[0] ?? '';
    return new CliError(`${sources.get(name) ?? '--config'}: ${error.message}`, exitCodes.usage, { cause: error });
  }
  return error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
