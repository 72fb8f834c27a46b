import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { checkDisk } from './check.ts';
import { diskWith } from './crash-states.ts';
import { type CrashPointsResult, checkCrashPoints, crashPoints, type WrongState } from './run.ts';
import { record } from './script.ts';
import { Narrator } from './trace.ts';

const usage = `npm run crash-points -- [options]
  --seeds N   record and check N runs (default 5)
  --from S    the seed of the first (default 1)
  --every N   check every N-th state only (default 30; 1 checks all)
  --jobs N    processes (default: the number of cores)
  --seed S --state N
              print the operations that led to one state, what is on the disk, and what recovery makes of it
Ends with 0 when every state was recovered as it has to be, with 1 and the first wrong states when not.`;

/** So many operations before a state are printed. */
const shownOperations = 200;
/** A run has some 650,000 states; so a plain call checks about 110,000 of five runs, in a few minutes. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    from: { type: 'string', default: '1' },
    every: { type: 'string', default: '30' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    state: { type: 'string' },
    worker: { type: 'string' },
    help: { type: 'boolean' },
  },
});

if (values.help) console.log(usage);
else if (values.worker !== undefined) await work(JSON.parse(values.worker) as { seed: number; stride: number; offset: number });
else if (values.state !== undefined) process.exitCode = await showState(number('seed', values.seed ?? '1'), number('state', values.state));
else process.exitCode = await checkAll();

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    console.error(`--${name}=${text} is not a whole number above 0.\n${usage}`);
    process.exit(2);
  }
  return value;
}

async function work({ seed, ...share }: { seed: number; stride: number; offset: number }): Promise<void> {
  const onProgress = (soFar: CrashPointsResult) => void process.send!({ result: soFar, isLast: false });
  const result = await checkCrashPoints(seed, share, { onProgress });
  process.send!({ result, isLast: true }, () => process.disconnect());
}

async function checkAll(): Promise<number> {
  const first = number('from', values.from);
  const [seeds, jobs, every] = [number('seeds', values.seeds), number('jobs', values.jobs), number('every', values.every)];
  const started = performance.now();
  const wrong: WrongState[] = [];
  let [states, checked, refused] = [0, 0, 0];
  for (let seed = first; seed < first + seeds; seed++) {
    const latest = new Map<number, CrashPointsResult>();
    const sum = (of: (result: CrashPointsResult) => number) => [...latest.values()].reduce((total, result) => total + of(result), 0);
    const progress = setInterval(() => {
      const perSecond = Math.round((checked + sum((one) => one.checked)) / ((performance.now() - started) / 1000));
      console.error(
        `seed ${seed}: ${sum((one) => one.checked)} states checked, ${perSecond} a second, ${sum((one) => one.wrong.length)} wrong`,
      );
    }, 5000);
    const shares = Array.from({ length: jobs }, (_, job) => ({ seed, stride: jobs * every, offset: job }));
    await Promise.all(shares.map((share) => runWorker(share, (result) => latest.set(share.offset, result))));
    clearInterval(progress);
    const [one] = [...latest.values()];
    console.log(
      `seed ${seed}: ${one!.operations} operations, ${one!.states} states, ${sum(({ checked }) => checked)} of them different and checked`,
    );
    states += one!.states;
    checked += sum((result) => result.checked);
    refused += sum((result) => result.refused);
    wrong.push(...[...latest.values()].flatMap((result) => result.wrong));
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `${states} states, ${checked} checked in ${seconds} s; a partition was refused for garbage in its log in ${refused}; wrong: ${wrong.length}`,
  );
  for (const { seed, number: state, label, what } of wrong.slice(0, 20)) {
    console.log(`\n${label}:\n  ${what}\n  again: npm run crash-points -- --seed ${seed} --state ${state}`);
  }
  return wrong.length === 0 ? 0 : 1;
}

function runWorker(share: object, onResult: (result: CrashPointsResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(import.meta.filename, ['--worker', JSON.stringify(share)]);
    let isDone = false;
    worker.on('message', (message: { result: CrashPointsResult; isLast: boolean }) => {
      isDone ||= message.isLast;
      onResult(message.result);
    });
    worker.on('exit', (code) => (isDone ? resolve() : reject(new Error(`a worker ended with ${code}`))));
  });
}

async function showState(seed: number, wanted: number): Promise<number> {
  const recording = await record(seed);
  const [point] = crashPoints(recording, { stride: Number.MAX_SAFE_INTEGER, offset: wanted - 1 });
  if (!point) throw new Error(`the run of seed ${seed} has no state ${wanted}`);
  const narrator = new Narrator();
  const told = recording.recorder.entries.map((entry) => narrator.tell(entry));
  const pending = new Set(point.pending.map(({ sequence }) => sequence));
  const { entries } = recording.recorder;
  for (let index = Math.max(0, point.position - shownOperations); index < point.position; index++) {
    const entry = entries[index]!;
    const isPending = 'change' in entry && pending.has(entry.sequence);
    console.log(`${'change' in entry ? entry.sequence : '-'}`.padStart(6), isPending ? 'not synced' : '          ', told[index]);
  }
  console.log(`\nThe power fails: ${point.state.label()}.\n`);
  for (const { path, bytes } of point.content.paths()) if (bytes) console.log(String(bytes.length).padStart(8), path);
  for (const [name, { isThere, alternatives }] of point.moment.partitions) {
    const told = alternatives.map(({ leastStart, mostStart, leastEnd, history, count }) => {
      const end = history.batches[count - 1]?.lastOffset;
      return `begins at ${leastStart}-${mostStart}, ends at ${leastEnd} to ${end === undefined ? history.startOffset : end + 1n}`;
    });
    console.log(`${name}${isThere ? '' : ' (perhaps)'}: ${told.join(', or ')}`);
  }
  const { wrong } = await checkDisk(diskWith(point.content), point.moment, point.state.hasGarbage);
  console.log(`\n${wrong ?? 'It is recovered as it has to be.'}`);
  return wrong === undefined ? 0 : 1;
}
