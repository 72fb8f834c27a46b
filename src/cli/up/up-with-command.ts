import { tmpdir } from 'node:os';
import { nodePlatform, type Platform } from '#platform';
import { largestPort, loopbackHosts } from '../addresses.ts';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { loadEnvironment } from '../settings.ts';
import { onStopSignals, stayAlive } from '../signals.ts';
import { tell } from '../tell.ts';
import { ChildCommand, CommandNotStarted, environmentFor } from './child-command.ts';
import { SupervisedBroker } from './supervised-broker.ts';
import { bringUp, checkPorts, whyTaken } from './up-command.ts';
import { planUp, type UpFlags } from './up-options.ts';

const triesForPorts = 50;

/**
 * `up -- CMD`: runs a command with a cluster of its own, and ends as it ends. Without --port the ports are free ones, without --data the data is gone afterwards.
 * Nothing of ours is written to stdout.
 * @param hasPort whether --port was given
 */
export async function runUpWith(words: readonly string[], flags: UpFlags, hasPort: boolean): Promise<ExitCode> {
  const platform = nodePlatform();
  const temporary =
    flags.memory || flags.data !== undefined ? undefined : `${tmpdir().replaceAll('\\', '/')}/kafka-lite-${platform.random.uuid()}`;
  const port = hasPort ? flags.port : String(await freeRun(platform, Number(flags.count) || 1, flags.listen ?? loopbackHosts));
  const plan = planUp(
    { ...flags, port, ...(temporary === undefined ? {} : { data: temporary }) },
    platform.disk,
    await loadEnvironment(process.env),
  );
  for (const note of plan.notes) tell(`note: ${note}`);
  await checkPorts(plan);

  const letGo = stayAlive();
  let letSignalsGo = () => {};
  let child: ChildCommand | undefined;
  let isEnding = false;
  let brokers: SupervisedBroker[] = [];
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      const stopBefore = (code: ExitCode) => {
        isEnding = true;
        resolve(code);
      };
      const giveUp = (id: number) => {
        const failure = new CliError(`Broker ${id} cannot run (see above).`, exitCodes.usage);
        isEnding = true;
        child?.kill('SIGTERM');
        reject(failure);
      };
      brokers = plan.brokers.map(
        (broker) => new SupervisedBroker(broker, platform.clock, { note: tell, hopeless: ({ id }) => giveUp(id) }),
      );
      letSignalsGo = onStopSignals(platform.clock, {
        once: (code) => {
          if (child === undefined) return stopBefore(code);
          // A terminal sends Ctrl-C to the command, too. It says when it has ended; twice would be once too often.
          if (!(code === exitCodes.interrupted && process.stdin.isTTY)) child.kill(code === exitCodes.interrupted ? 'SIGINT' : 'SIGTERM');
        },
        again: (code) => {
          child?.kill('SIGKILL');
          if (child === undefined) stopBefore(code);
        },
      });
      bringUp(brokers, platform.clock, () => isEnding)
        .then((isReady) => {
          if (!isReady) return;
          child = new ChildCommand(words, environmentFor(plan));
          child.ended.then(resolve, reject);
        })
        .catch(reject);
    });
  } catch (error) {
    if (!(error instanceof CommandNotStarted)) throw error;
    tell(`error: ${error.message}`);
    return error.code;
  } finally {
    isEnding = true;
    await Promise.all(brokers.map((broker) => broker.stop()));
    letSignalsGo();
    if (temporary !== undefined) platform.disk.removeDirectory(temporary);
    letGo();
  }
}

/** The first of so many ports in a row that are all free. */
async function freeRun({ network }: Platform, count: number, hosts: readonly string[]): Promise<number> {
  for (let tries = 0; tries < triesForPorts; tries++) {
    const listener = await network.listen({ hosts, port: 0 }, (connection) => connection.destroy());
    const first = listener.port;
    await listener.close();
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.at(-1)! > largestPort) continue;
    const taken = await Promise.all(ports.map((port) => whyTaken(port, hosts)));
    if (taken.every((why) => why === undefined)) return first;
  }
  throw new CliError(`No ${count} ports in a row are free. Name the first one, as in --port=9092.`);
}
