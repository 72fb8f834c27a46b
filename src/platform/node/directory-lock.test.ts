import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeDisk } from './disk.ts';
import { isAlive, type LockHolder, parseHolder, thisProcess } from './lock-holder.ts';

/** A process that takes the lock of the directory it is given, says what came of it, and stays when it holds the lock. */
const holderProgram = `
import { NodeDisk } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)};
try {
  new NodeDisk().lock(process.argv[1]);
  console.log('held');
  setInterval(() => {}, 1000);
} catch (error) {
  console.log(error.code + ': ' + error.message);
}`;

const disk = new NodeDisk();
let directory: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'directory-lock-'));
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map(kill));
  rmSync(directory, { recursive: true });
});

test('a lock that another process holds is refused by its name, and is free when that process was killed with -9', async () => {
  const { child, said } = await holder();
  expect(said).toBe('held');
  expect(() => disk.lock(directory)).toThrow(
    expect.objectContaining({ code: 'ELOCKED', message: `${directory} is in use by process ${child.pid}` }),
  );

  await kill(child);

  disk.lock(directory).release();
});

test('another process is refused while this one holds the lock, by whatever path it comes', async () => {
  const lock = disk.lock(directory);
  const link = `${directory}-link`;
  symlinkSync(directory, link);
  try {
    expect((await holder(link)).said).toBe(`ELOCKED: ${link} is in use by process ${process.pid}`);
    lock.release();
    expect((await holder(link)).said).toBe('held');
  } finally {
    rmSync(link);
  }
});

test('of many processes that race for the lock of a dead one exactly one gets it, again and again', async () => {
  for (let round = 0; round < 3; round++) {
    const racers = await Promise.all(Array.from({ length: 5 }, () => holder()));
    const holders = racers.filter(({ said }) => said === 'held');

    expect(holders).toHaveLength(1);
    for (const { said } of racers) if (said !== 'held') expect(said).toMatch(/^ELOCKED: /);
    await Promise.all(racers.map(({ child }) => kill(child)));
  }
});

test('a lock file of a process that is gone, or whose id was given to another one, does not count', () => {
  const self = thisProcess();
  const strangers: Partial<LockHolder>[] = [
    { pid: 2 ** 22 + 1 },
    { pid: process.ppid, startTime: '1' },
    { pid: process.ppid, startTime: null, bootId: 'before the reboot' },
    { pid: process.ppid, startTime: null, pidNamespace: 'pid:[1]' },
  ];
  for (const stranger of strangers) {
    writeFileSync(join(directory, '.lock'), JSON.stringify({ ...self, ...stranger }));
    disk.lock(directory).release();
  }
});

test.runIf(process.platform === 'linux')('a lock file of a living process counts, even where the kernel knows of no lock', () => {
  const startTime = readFileSync(`/proc/${process.ppid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19]!;
  const parent = { ...thisProcess(), pid: process.ppid, startTime };
  writeFileSync(join(directory, '.lock'), JSON.stringify(parent));

  expect(isAlive(parent)).toBe(true);
  expect(() => disk.lock(directory)).toThrow(`in use by process ${process.ppid}`);
});

test('a damaged or foreign lock file names nobody', () => {
  for (const text of ['', 'not json', '[]', 'null', '{"pid":-1}', '{"pid":"1"}', '{"pid":1e300}']) {
    expect(parseHolder(text)).toBeUndefined();
    writeFileSync(join(directory, '.lock'), text);
    disk.lock(directory).release();
  }
});

test('a worker thread is refused while its process holds the lock', async () => {
  const lock = disk.lock(directory);
  const program = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { NodeDisk } = await import(workerData.module);
    try { new NodeDisk().lock(workerData.directory); parentPort.postMessage('held'); } catch (error) { parentPort.postMessage(error.message); }`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
    workerData: { directory, module: new URL('./disk.ts', import.meta.url).href },
    execArgv: [],
  });
  const [said] = await once(worker, 'message');
  await worker.terminate();

  expect(said).toBe(`${directory} is in use by this process`);
  lock.release();
});

test('the lock file is not for everybody to read, and is empty after the release', () => {
  const lock = disk.lock(directory);
  const path = join(directory, '.lock');
  expect(parseHolder(readFileSync(path, 'utf8'))).toEqual(thisProcess());
  expect(statSync(path).mode & 0o007).toBe(0);
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('');
});

/** Starts a process that tries to take the lock. */
async function holder(path = directory): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', holderProgram, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (said.includes('\n')) break;
  }
  return { child, said: said.trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
