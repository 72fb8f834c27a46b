import { type Clock, nodePlatform, sleep } from '#platform';
import { CliError } from '../cli-error.ts';
import { BrokerHttp, NoAnswer } from '../clients/broker-http.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { loadEnvironment } from '../settings.ts';
import { onStopSignals, stayAlive } from '../signals.ts';
import { tell } from '../tell.ts';
import { banner, readyLine } from './banner.ts';
import { chosenPort, whyTaken } from './free-ports.ts';
import { SupervisedBroker } from './supervised-broker.ts';
import { type Plan, type PlannedBroker, planUp, type UpFlags } from './up-options.ts';

const lookAgainMs = 50;
/** After so long without a ready cluster the user hears what it waits for, and again after each such time. */
const patienceMs = 15_000;

/** Starts the brokers, says when they are ready, keeps them running, and stops them all on Ctrl-C. */
export async function runUp(flags: UpFlags): Promise<ExitCode> {
  const platform = nodePlatform();
  const plan = planUp({ ...flags, port: await chosenPort(flags, platform) }, platform.disk, await loadEnvironment(process.env));
  for (const note of plan.notes) tell(`note: ${note}`);
  await checkPorts(plan);

  const letGo = stayAlive();
  const { clock } = platform;
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      let isEnding = false;
      const brokers = plan.brokers.map(
        (broker) => new SupervisedBroker(broker, clock, { note: tell, hopeless: (hopeless) => end(exitCodes.usage, gaveUp(hopeless)) }),
      );
      const end = (code: ExitCode, why?: string) => {
        if (isEnding) return;
        isEnding = true;
        tell(why ?? 'Stopping all brokers (Ctrl-C again kills them).');
        Promise.all(brokers.map((broker) => broker.stop())).then(() => resolve(code), reject);
      };
      onStopSignals(clock, {
        // Whoever asked it to stop got what they wanted.
        once: () => end(exitCodes.ok),
        again: (code) => {
          for (const broker of brokers) broker.kill();
          resolve(code);
        },
      });
      bringUp(brokers, clock, () => isEnding).then((isReady) => {
        if (isReady) process.stdout.write(flags.json ? readyLine(plan) : banner(plan));
      }, reject);
    });
  } finally {
    letGo();
  }
}

/**
 * Starts all brokers and waits until each is ready. Those that have data start first: they are a cluster already, which blank ones then
 * join, while blank ones by themselves could form another.
 * @returns false when it was ended meanwhile
 */
export async function bringUp(brokers: readonly SupervisedBroker[], clock: Clock, isEnding: () => boolean): Promise<boolean> {
  const http = new BrokerHttp({ timeoutMs: 5_000 });
  const groups = [brokers.filter(({ plan }) => plan.hasData), brokers.filter(({ plan }) => !plan.hasData)];
  try {
    for (const group of groups) {
      if (isEnding()) return false;
      for (const broker of group) broker.start();
      if (!(await untilReady(http, group, clock, isEnding))) return false;
    }
    return true;
  } finally {
    http.close();
  }
}

async function untilReady(http: BrokerHttp, brokers: readonly SupervisedBroker[], clock: Clock, isEnding: () => boolean): Promise<boolean> {
  let waiting = [...brokers];
  let tellAt = clock.monotonic() + patienceMs;
  while (waiting.length > 0) {
    if (isEnding()) return false;
    const answers = await Promise.all(waiting.map(async (broker) => ({ broker, why: await whyNotReady(http, broker.plan) })));
    const late = answers.filter(({ why }) => why !== undefined);
    waiting = late.map(({ broker }) => broker);
    if (late.length > 0 && clock.monotonic() >= tellAt) {
      for (const { broker, why } of late) tell(`Broker ${broker.plan.id} is not ready yet: ${why}`);
      tellAt = clock.monotonic() + patienceMs;
    }
    if (waiting.length > 0) await sleep(clock, lookAgainMs);
  }
  return true;
}

async function whyNotReady(http: BrokerHttp, { port }: PlannedBroker): Promise<string | undefined> {
  try {
    const { status, body } = await http.get({ host: 'localhost', port }, '/readyz');
    return status === 200 ? undefined : ((body as { error?: string } | undefined)?.error ?? `HTTP status ${status}`);
  } catch (error) {
    if (error instanceof NoAnswer) return error.message;
    throw error;
  }
}

/** @throws CliError naming the first port that is taken, and a run of ports that is free */
export async function checkPorts({ brokers, hosts }: Plan): Promise<void> {
  for (const { id, port } of brokers) {
    const problem = await whyTaken(port, hosts);
    if (problem === undefined) continue;
    const first = brokers[0]!.port;
    throw new CliError(
      `--port=${first}: broker ${id} would listen on port ${port}, but ${problem}. Stop the process that uses it, or choose another first port, as in --port=${first + 100}.`,
    );
  }
}

function gaveUp({ id }: PlannedBroker): string {
  return `Broker ${id} cannot run (see above); stopping all.`;
}
