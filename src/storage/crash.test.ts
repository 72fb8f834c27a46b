import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CrashMode, type DiskFile, type SeededRandom, SimulatedDisk } from '#platform';
import { defaultLogConfig, type LogDirectory, type PartitionLog } from './index.ts';
import { batchOf, contentOf, openDirectory, settled, startWorld, topicId, type World } from './testing.ts';

const config = { ...defaultLogConfig, segmentBytes: 1000, indexIntervalBytes: 100 };

/** What may happen to a log; numbers are drawn by the property. */
type Step =
  | { act: 'append'; records: number; size: number }
  | { act: 'flush' | 'roll' | 'checkpoint' | 'restart' }
  | { act: 'truncate'; back: number }
  | { act: 'crash'; mode: CrashMode };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('append' as const),
      records: fc.integer({ min: 1, max: 4 }),
      size: fc.integer({ min: 1, max: 200 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom('flush' as const, 'flush' as const, 'roll' as const, 'checkpoint' as const, 'restart' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('truncate' as const), back: fc.integer({ min: 0, max: 6 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('crash' as const), mode: fc.constantFrom<CrashMode>('strict', 'ordered', 'hostile') }),
  },
);

/** Plays steps on a log beside a plain list of what it has to hold, and compares after every start. */
class Run {
  readonly world: World;
  directory!: LogDirectory;
  log!: PartitionLog;
  /** The records by offset. */
  expected: string[] = [];
  flushed = 0;
  #epoch = 0;
  #count = 0;

  constructor(seed: number) {
    this.world = startWorld(seed);
  }

  async start(): Promise<void> {
    this.directory = await openDirectory(this.world, { config });
    this.log = await this.directory.createPartition('orders', 0, topicId, config);
  }

  async play(one: Step): Promise<void> {
    if (one.act === 'append') this.#append(one.records, one.size);
    else if (one.act === 'flush') await this.#flush();
    else if (one.act === 'roll') this.log.roll();
    else if (one.act === 'checkpoint') await this.directory.checkpoint();
    else if (one.act === 'restart') await this.#restart();
    else if (one.act === 'truncate') await this.#truncate(one.back);
    else if (one.act === 'crash') await this.crash(one.mode);
  }

  async crash(mode: CrashMode): Promise<void> {
    this.world.disk = this.world.disk.crash(mode);
    await this.#reopen();
    const found = this.log ? await contentOf(this.log) : [];
    expect(found).toEqual(this.expected.slice(0, found.length));
    expect(found.length).toBeGreaterThanOrEqual(this.flushed);
    this.expected = found;
    this.flushed = found.length;
  }

  #append(records: number, size: number): void {
    const texts = Array.from({ length: records }, () => `${this.#count++}${'x'.repeat(size)}`);
    const offset = BigInt(this.expected.length);
    // Before it is done: when the process ends meanwhile it may be there or not.
    for (const text of texts) this.expected.push(`${this.expected.length}:${text}`);
    const { firstOffset } = this.log.append(batchOf(texts), { leaderEpoch: this.#epoch, origin: 'client' });
    expect(firstOffset).toBe(offset);
  }

  async #flush(): Promise<void> {
    const upTo = this.expected.length;
    await this.log.flush();
    this.flushed = upTo;
  }

  async #restart(): Promise<void> {
    await this.directory.close();
    await this.#reopen();
    expect(await contentOf(this.log)).toEqual(this.expected);
    this.flushed = this.expected.length;
  }

  async #truncate(back: number): Promise<void> {
    const truncated = this.log.truncateTo(BigInt(Math.max(0, this.expected.length - back)));
    const end = Number(this.log.logEndOffset);
    this.flushed = Math.min(this.flushed, end);
    await truncated;
    this.expected.length = end;
    this.#epoch++;
    expect(await contentOf(this.log)).toEqual(this.expected);
  }

  async #reopen(): Promise<void> {
    this.directory = await openDirectory(this.world, { config });
    expect(this.directory.failedPartitions()).toEqual([]);
    this.log = this.directory.partition('orders', 0)!;
    await settled();
  }
}

/** A disk whose sync answers at once and makes nothing durable. */
class LyingDisk extends SimulatedDisk {
  override open(path: string, mode: 'read' | 'write' | 'create' | 'append-or-create'): DiskFile {
    const file = super.open(path, mode);
    if (path.endsWith('.log')) file.sync = () => Promise.resolve();
    return file;
  }
}

/** A disk that stops answering with its n-th operation that changes something, as if the process had ended there. */
class StoppingDisk extends SimulatedDisk {
  operations = 0;
  readonly #last: number;

  constructor(random: SeededRandom, last: number) {
    super({ random });
    this.#last = last;
  }

  get stopped(): boolean {
    return this.operations >= this.#last;
  }

  override open(path: string, mode: 'read' | 'write' | 'create' | 'append-or-create'): DiskFile {
    if (mode === 'create') this.#count();
    const file = super.open(path, mode);
    for (const act of ['write', 'truncate', 'sync'] as const) {
      const original = file[act].bind(file) as (...args: unknown[]) => never;
      Object.assign(file, {
        [act]: (...args: unknown[]) => {
          this.#count();
          return original(...args);
        },
      });
    }
    return file;
  }

  override rename(from: string, to: string): void {
    this.#count();
    super.rename(from, to);
  }

  override remove(path: string): void {
    this.#count();
    super.remove(path);
  }

  override makeDirectory(path: string): void {
    this.#count();
    super.makeDirectory(path);
  }

  override syncDirectory(path: string): Promise<void> {
    this.#count();
    return super.syncDirectory(path);
  }

  #count(): void {
    if (++this.operations >= this.#last) throw new Error('stopped here');
  }
}

/** A short life of a log: appends, flushes, rolls, a checkpoint, a truncation, a restart. */
async function playScript(run: Run): Promise<void> {
  await run.start();
  const append: Step = { act: 'append', records: 2, size: 100 };
  const script: Step[] = [
    append,
    { act: 'flush' },
    append,
    append,
    { act: 'flush' },
    append,
    append,
    { act: 'checkpoint' },
    append,
    { act: 'truncate', back: 5 },
  ];
  for (const one of [...script, append, { act: 'flush' } as const, { act: 'restart' } as const, append, { act: 'flush' } as const])
    await run.play(one);
}

async function play(steps: readonly Step[], seed: number): Promise<void> {
  const run = new Run(seed);
  await run.start();
  for (const one of steps) await run.play(one);
  await run.crash('hostile');
}

describe('S1, S2: after any crash a log is a prefix of what was written and holds all that was flushed', () => {
  test('for random appends, flushes, rolls, truncations, restarts and crashes', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), play), { numRuns: 500 });
  });

  test('and fails to be so with a disk whose sync lies, so the test above can fail', async () => {
    const lied = fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      const run = new Run(seed);
      run.world.disk = new LyingDisk({ random: run.world.random });
      await run.start();
      for (const one of steps) await run.play(one);
      await run.crash('strict');
    });

    const { failed } = await fc.check(lied, { numRuns: 300, endOnFailure: true });

    expect(failed).toBe(true);
  });

  test.each(['strict', 'ordered', 'hostile'] as const)('at every point of a short run, with a %s power cut', async (mode) => {
    const whole = new Run(1);
    const counter = new StoppingDisk(whole.world.random, Number.POSITIVE_INFINITY);
    whole.world.disk = counter;
    await playScript(whole);
    expect(counter.operations).toBeGreaterThan(100);

    for (let point = 1; point <= counter.operations; point++) {
      const run = new Run(point);
      const disk = new StoppingDisk(run.world.random, point);
      run.world.disk = disk;
      await playScript(run).catch((error) => {
        if (!disk.stopped) throw error;
      });
      await run.crash(mode);
    }
  });
});
