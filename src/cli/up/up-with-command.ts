import { tmpdir } from 'node:os';
import { nodePlatform } from '#platform';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { loadEnvironment } from '../settings.ts';
import { onStopSignals, stayAlive } from '../signals.ts';
import { tell } from '../tell.ts';
import { ChildCommand, CommandNotStarted, environmentFor } from './child-command.ts';
import { chosenPort } from './free-ports.ts';
import { SupervisedBroker } from './supervised-broker.ts';
import { bringUp, checkPorts } from './up-command.ts';
import { planUp, type UpFlags } from './up-options.ts';

/**
 * `up -- CMD`: runs a command with a cluster of its own, and ends as it ends. Without --port the ports are free ones, without --data the data is gone afterwards.
 * Nothing of ours is written to stdout.
 * @param hasPort whether --port was given
 */
export async function runUpWith(words: readonly string[], flags: UpFlags, hasPort: boolean): Promise<ExitCode> {
  const platform = nodePlatform();
  const temporary =
    flags.memory || flags.data !== undefined ? undefined : `${tmpdir().replaceAll('\\', '/')}/kafka-lite-${platform.random.uuid()}`;
  const port = await chosenPort(hasPort ? flags : { ...flags, port: '0' }, platform);
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
