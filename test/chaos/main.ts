import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { foreign, leftOut } from '../clients/installed.ts';
import { Campaign } from './campaign.ts';
import { loadHistory } from './history.ts';
import { check, verdictTable, workloadTable } from './verdict.ts';

const usage = `usage: npm run chaos -- [--minutes 5] [--brokers 3] [--seed N] [--against kafka] [--keep] [--data DIR]
       npm run chaos -- --check FILE
Breaks a cluster of processes in every way that a nemesis knows, while clients write and read, and then checks what they saw.
  --minutes N       how long the faults go on, the quiet time at their end included (5)
  --brokers N       how many brokers, 3 or more (3)
  --seed N          decides the faults and what is written; printed, so that it can be given again
  --against kafka   the same against Apache Kafka, as a control; needs npm run test:clients:install
  --keep            keep the history, the logs and the data, though nothing is wrong
  --data DIR        where they go
  --check FILE      check a history that was kept`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    brokers: { type: 'string' },
    seed: { type: 'string' },
    against: { type: 'string' },
    keep: { type: 'boolean' },
    data: { type: 'string' },
    check: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const minutes = Number(values.minutes ?? 5);
const brokers = Number(values.brokers ?? 3);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const against = values.against ?? 'ours';

if (values.help) {
  console.log(usage);
} else if (values.check !== undefined) {
  const verdict = check(await loadHistory(values.check));
  console.log(verdictTable(verdict));
  process.exitCode = verdict.some(({ count }) => count > 0) ? 1 : 0;
} else if (!(minutes > 0) || !(brokers >= 3) || !Number.isSafeInteger(seed) || (against !== 'ours' && against !== 'kafka')) {
  console.error(usage);
  process.exitCode = 2;
} else if (against === 'kafka' && foreign.kafkaTools === undefined) {
  for (const line of leftOut().filter((each) => each.includes('Kafka'))) console.error(line);
  process.exitCode = 2;
} else {
  // Foreign clients may go on trying to reach brokers that are gone.
  process.exit(await runOnce(against));
}

async function runOnce(rival: 'ours' | 'kafka'): Promise<number> {
  if (values.data !== undefined) mkdirSync(values.data, { recursive: true });
  const directory = values.data ?? mkdtempSync(join(tmpdir(), 'chaos-'));
  const flags = `--minutes ${minutes} --brokers ${brokers} --seed ${seed}${rival === 'kafka' ? ' --against kafka' : ''}`;
  console.log(`npm run chaos -- ${flags}`);
  const campaign = new Campaign({ minutes, brokers, seed, against: rival, directory, progress: (line) => console.log(line) });
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted !== undefined) process.exit(130);
      interrupted = signal;
      console.log(`${signal}: ending the brokers; once more ends at once`);
      campaign.abort();
    });
  }
  process.on('exit', () => campaign.killNow());

  let isRight = false;
  try {
    const report = await campaign.run();
    if (interrupted === undefined) {
      const verdict = check(await loadHistory(report.history.path));
      isRight = report.problems.length === 0 && verdict.every(({ count }) => count === 0);
      const result = { name: report.name, minutes, brokers, seed, verdict, problems: report.problems, fallen: report.fallen };
      writeFileSync(join(directory, 'verdict.json'), `${JSON.stringify(result, null, 2)}\n`);
      console.log(`\n${report.name}, ${brokers} brokers, ${minutes} minutes, seed ${seed}\n`);
      console.log(workloadTable(report));
      console.log(`\n${verdictTable(verdict)}`);
      for (const problem of report.problems.slice(0, 50)) console.log(`problem: ${problem}`);
    }
  } finally {
    const isKept = interrupted === undefined && (!isRight || values.keep === true || values.data !== undefined);
    await campaign.stop({ keep: isKept });
    if (isKept) console.log(`the history, the logs and the data are in ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
  if (interrupted !== undefined) return 130;
  console.log(isRight ? '\nnothing wrong' : `\nWRONG. Again: npm run chaos -- ${flags}`);
  return isRight ? 0 : 1;
}
