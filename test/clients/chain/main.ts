import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { foreign, leftOut } from '../installed.ts';
import { Chain } from './chain.ts';
import { verdictOf } from './verdict.ts';

const usage = `usage: npm run chain -- [--records 100000] [--levels 3] [--every 20] [--rate 1000] [--seed N] [--keep] [--data DIR]
Copies records from topic to topic, exactly once, by groups of Java's clients whose members join, leave and are killed, while each broker
in turn is killed with -9. Ends with 0 when every key is in each topic exactly once. Needs npm run test:clients:install.
  --records N   how many keys (100000)
  --levels N    how many times they are copied (3)
  --every S     seconds from one kill of a broker to the next (20); 0 for none
  --rate N      keys that are written a second (1000)
  --seed N      decides which members join and leave when; printed, so that it can be given again
  --keep        keep the brokers' logs and data, though nothing is wrong
  --data DIR    where they go`;

const { values } = parseArgs({
  options: {
    records: { type: 'string' },
    levels: { type: 'string' },
    every: { type: 'string' },
    rate: { type: 'string' },
    seed: { type: 'string' },
    keep: { type: 'boolean' },
    data: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const records = Number(values.records ?? 100_000);
const levels = Number(values.levels ?? 3);
const every = Number(values.every ?? 20);
const rate = Number(values.rate ?? 1000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));

if (values.help) {
  console.log(usage);
} else if (!(records > 0) || !(levels > 0) || !(every >= 0) || !(rate > 0) || !Number.isSafeInteger(seed)) {
  console.error(usage);
  process.exitCode = 2;
} else if (foreign.kafkaTools === undefined || foreign.javaPrograms === undefined) {
  for (const line of leftOut().filter((each) => each.includes('Kafka'))) console.error(line);
  process.exitCode = 2;
} else {
  process.exit(await runOnce());
}

async function runOnce(): Promise<number> {
  if (values.data !== undefined) mkdirSync(values.data, { recursive: true });
  const directory = values.data ?? mkdtempSync(join(tmpdir(), 'chain-'));
  const command = `npm run chain -- --records ${records} --levels ${levels} --every ${every} --rate ${rate} --seed ${seed}`;
  console.log(command);
  const chain = new Chain({ records, levels, everyMs: every * 1000, rate, seed, directory, progress: (line) => console.log(line) });
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      isInterrupted = true;
      void chain.stop({ keep: false }).finally(() => process.exit(130));
    });
  let isRight = false;
  try {
    const report = await chain.run();
    const verdict = verdictOf(report, records);
    isRight = verdict.isRight;
    for (const line of verdict.lines) console.log(line);
    writeFileSync(join(directory, 'report.json'), `${JSON.stringify({ command, ...report }, null, 2)}\n`);
  } finally {
    const isKept = !isInterrupted && (!isRight || values.keep === true || values.data !== undefined);
    await chain.stop({ keep: isKept });
    if (isKept) console.log(`the report, the logs and the data are in ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
  console.log(isRight ? '\nevery key is in each topic exactly once' : `\nWRONG. Again: ${command}`);
  return isRight ? 0 : 1;
}
