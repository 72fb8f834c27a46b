import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SimulatedDisk } from './disk.ts';
import type { CrashMode } from './disk-image.ts';
import { SeededRandom } from './random.ts';

const modes: CrashMode[] = ['strict', 'ordered', 'hostile'];
const text = (value: string): Buffer => Buffer.from(value);

async function diskWithFile(seed: string | number, content: string) {
  const disk = new SimulatedDisk({ random: new SeededRandom(seed) });
  const file = disk.open('log', 'create');
  file.write([text(content)], 0);
  await file.sync();
  await disk.syncDirectory('/');
  return { disk, file };
}

/** What is left of something under many seeds. */
async function outcomes(left: (seed: number) => Promise<string>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) seen.add(await left(seed));
  return seen;
}

describe.each(modes)('after a %s crash', (mode) => {
  test('appended bytes that were synced are there, and what follows them is a part of what was written, or zeros', async () => {
    const appends = fc.array(fc.record({ size: fc.integer({ min: 1, max: 1500 }), sync: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), appends, async (seed, steps) => {
        const { disk, file } = await diskWithFile(seed, '');
        let synced = 0;
        let byte = 0;
        for (const { size, sync } of steps) {
          file.write([Buffer.alloc(size, ++byte)], file.size);
          if (sync) {
            await file.sync();
            synced = file.size;
          }
        }
        const written = file.readNow(0, file.size);

        const survived = disk.crash(mode).readFile('log');

        expect(survived.length).toBeGreaterThanOrEqual(synced);
        expect(survived.length).toBeLessThanOrEqual(written.length);
        expect(survived.subarray(0, synced).equals(written.subarray(0, synced))).toBe(true);
        expect(survived.every((value, at) => value === written[at] || (at >= synced && value === 0))).toBe(true);
        if (mode === 'strict') expect(survived.length).toBe(synced);
        if (mode === 'ordered') expect(survived.equals(written.subarray(0, survived.length))).toBe(true);
      }),
    );
  });

  test('every byte that changed last before the last sync is as it was then, whatever was written over and cut', async () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), at: fc.nat(3000), size: fc.integer({ min: 1, max: 1500 }) }),
      fc.record({ kind: fc.constant('truncate' as const), at: fc.nat(4000) }),
      fc.record({ kind: fc.constant('sync' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(operation, { maxLength: 20 }), async (seed, operations) => {
        const { disk, file } = await diskWithFile(seed, '');
        let durable = file.readNow(0, 0);
        let touchedFrom = Number.POSITIVE_INFINITY;
        const touched = new Set<number>();
        let byte = 0;
        for (const step of operations) {
          if (step.kind === 'sync') {
            await file.sync();
            durable = file.readNow(0, file.size);
            touched.clear();
            touchedFrom = Number.POSITIVE_INFINITY;
          } else if (step.kind === 'truncate') {
            touchedFrom = Math.min(touchedFrom, step.at, file.size);
            file.truncate(step.at);
          } else {
            const at = Math.min(step.at, file.size);
            file.write([Buffer.alloc(step.size, ++byte)], at);
            for (let index = at; index < at + step.size; index++) touched.add(index);
          }
        }
        const volatileCopy = file.readNow(0, file.size);
        const next = disk.crash(mode);
        const survived = next.readFile('log');

        const sure = Math.min(durable.length, touchedFrom);
        expect(survived.length).toBeGreaterThanOrEqual(sure);
        expect(survived.every((value, at) => at >= sure || touched.has(at) || value === durable[at])).toBe(true);
        if (mode === 'strict') expect(survived.equals(durable)).toBe(true);
        if (touched.size === 0 && touchedFrom === Number.POSITIVE_INFINITY) expect(survived.equals(volatileCopy)).toBe(true);
        // What survived is durable by now: another crash takes nothing.
        expect(next.crash('strict').readFile('log').equals(survived)).toBe(true);
      }),
    );
  });

  test('after replace() there is the old content or the new one, never a mix, and the new one once it has resolved', async () => {
    const [older, newer] = ['o'.repeat(2000), 'n'.repeat(3000)];
    for (let seed = 0; seed < 200; seed++) {
      const { disk } = await diskWithFile(seed, older);
      let done = false;
      const replacing = disk.replace('log', text(newer)).then(() => {
        done = true;
      });
      for (let turn = 0; turn < seed % 12; turn++) await null;
      const wasDone = done;
      const next = disk.crash(mode);
      await replacing.catch(() => {});

      const survived = next.readFile('log').toString();
      expect(survived === newer || (!wasDone && survived === older)).toBe(true);
    }
  });

  test('a file whose directory was synced is there, even when its rename is not', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const { disk } = await diskWithFile(seed, 'content');
      disk.makeDirectory('elsewhere');
      await disk.syncDirectory('/');
      disk.rename('log', 'elsewhere/moved');
      const next = disk.crash(mode);
      const places = ['log', 'elsewhere/moved'].filter((path) => next.stat(path));
      expect(places).toHaveLength(1);
      expect(next.readFile(places[0]!).toString()).toBe('content');
    }
  });

  test('the process that had the disk open cannot use it any more', async () => {
    const { disk, file } = await diskWithFile(1, 'x');
    disk.lock('/');
    const next = disk.crash(mode);

    expect(() => file.readNow(0, 1)).toThrow('ended');
    expect(() => file.write([text('x')], 0)).toThrow('ended');
    await expect(file.sync()).rejects.toThrow('ended');
    expect(() => disk.open('log', 'read')).toThrow('ended');
    next.lock('/').release();
  });
});

test.each([
  { mode: 'strict' as const, expected: ['gone'] },
  { mode: 'ordered' as const, expected: ['empty', 'gone', 'whole'] },
  { mode: 'hostile' as const, expected: ['empty', 'gone', 'whole'] },
])('a synced file whose directory was not synced may be gone after a $mode crash', async ({ mode, expected }) => {
  const seen = await outcomes(async (seed) => {
    const disk = new SimulatedDisk({ random: new SeededRandom(seed) });
    const file = disk.open('log', 'create');
    // Once synced, once not: only the first can be whole for sure when its name is there.
    if (seed % 2 === 0) {
      file.write([text('x')], 0);
      await file.sync();
    }
    const next = disk.crash(mode);
    if (!next.stat('log')) return 'gone';
    return next.stat('log')!.size === 0 ? 'empty' : 'whole';
  });
  expect([...seen].sort()).toEqual(expected);
});

test('a hostile crash loses, keeps and tears sectors on their own, and may keep a size without its bytes', async () => {
  const shapes = await outcomes(async (seed) => {
    const { disk, file } = await diskWithFile(seed, '');
    file.write([Buffer.alloc(512 * 4, 1)], 0);
    const survived = disk.crash('hostile').readFile('log');
    const sectors = Array.from({ length: 4 }, (_, index) => new Set(survived.subarray(index * 512, index * 512 + 512)));
    return sectors.map((values) => (values.size === 0 ? '-' : values.size === 2 ? 't' : values.has(1) ? '1' : '0')).join('');
  });
  for (const shape of ['----', '1111']) expect(shapes).toContain(shape);
  for (const pattern of [/01/, /10/, /0$/, /t/]) expect([...shapes].some((shape) => pattern.test(shape))).toBe(true);
});

test('a removal that was not synced may come undone, and then the content is back', async () => {
  const { disk } = await diskWithFile(3, 'content');
  disk.remove('log');
  expect(disk.stat('log')).toBeUndefined();
  expect(disk.crash('strict').readFile('log').toString()).toBe('content');
});

test('a process that is killed loses nothing of what it wrote', async () => {
  const { disk, file } = await diskWithFile(3, 'content');
  file.write([text('!')], 7);
  const next = disk.restart();
  expect(next.readFile('log').toString()).toBe('content!');
  expect(next.crash('strict').readFile('log').toString()).toBe('content');
});

test('after a failed sync later ones succeed and make nothing durable', async () => {
  const { disk, file } = await diskWithFile(3, 'durable');
  file.write([text(' lost')], 7);
  disk.failNext('sync', 'EIO');
  await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
  await file.sync();
  file.write([text(' too')], 12);
  await file.sync();

  expect(file.readNow(0, 100).toString()).toBe('durable lost too');
  expect(disk.crash('strict').readFile('log').toString()).toBe('durable');
});
