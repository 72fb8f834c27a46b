import { describe, expect, test } from 'vitest';
import type { SimulatedDisk } from '#platform';
import { crashStates, Platter } from './crash-states.ts';
import { checkCrashPoints } from './run.ts';
import { Content } from './trace.ts';

describe('S1, S2, S4, S8, S9, S11: whatever a power cut leaves, recovery makes of it what has to hold', () => {
  test.each([1, 2])('in a sample of the crash points of run %i', { timeout: 120_000 }, async (seed) => {
    const result = await checkCrashPoints(seed, { stride: 3001, offset: seed });

    expect(result.wrong).toEqual([]);
    expect(result.operations).toBeGreaterThan(1000);
    expect(result.checked).toBeGreaterThan(150);
  });
});

describe('the checks find a disk that lies about', () => {
  test.each<{ what: string; spoil: (disk: SimulatedDisk) => void }>([
    { what: 'the content of logs', spoil: (disk) => disk.loseSyncs({ path: /\.log$/, times: Number.POSITIVE_INFINITY }) },
    { what: 'the names in a partition', spoil: (disk) => disk.loseSyncs({ path: /\/orders-0$/, times: Number.POSITIVE_INFINITY }) },
    { what: 'the names of partitions', spoil: (disk) => disk.loseSyncs({ path: /^\/data$/, times: Number.POSITIVE_INFINITY }) },
  ])('$what', { timeout: 120_000 }, async ({ spoil }) => {
    const result = await checkCrashPoints(1, { stride: 20_011, offset: 7 }, { spoil });

    expect(result.wrong.length).toBeGreaterThan(0);
  });
});

describe('the states of a crash', () => {
  const base = new Content();
  const directories = new Set([0]);
  const create = { kind: 'names', edits: [{ directory: 0, name: 'log', to: 1 }] } as const;
  const write = (position: number, bytes: string) => ({ kind: 'write', file: 1, position, bytes: Buffer.from(bytes) }) as const;

  function contentsOf(platter: Platter): Set<string> {
    return new Set(
      [...crashStates(platter.pending)].map((state) =>
        [...platter.after(state).paths()].map(({ path, bytes }) => `${path}=${bytes}`).join(),
      ),
    );
  }

  test('are all parts of what was not synced, also a later change without an earlier one', () => {
    const platter = new Platter(base, directories);
    platter.play({ change: create, sequence: 1 });
    platter.play({ change: write(0, 'ab'), sequence: 2 });
    platter.play({ change: write(2, 'cd'), sequence: 3 });

    const contents = contentsOf(platter);

    for (const content of ['', '/log=', '/log=ab', '/log=abcd', '/log=\0\0cd', '/log=a', '/log=a\0']) expect(contents).toContain(content);
  });

  test('always have what was synced', () => {
    const platter = new Platter(base, directories);
    platter.play({ change: create, sequence: 1 });
    platter.play({ change: write(0, 'ab'), sequence: 2 });
    platter.play({ sync: 0, upTo: 2 });
    platter.play({ change: write(2, 'cd'), sequence: 3 });
    platter.play({ sync: 1, upTo: 2 });

    const contents = [...contentsOf(platter)];

    expect(contents.length).toBeGreaterThan(3);
    expect(contents.filter((content) => !content.startsWith('/log=ab'))).toEqual([]);
  });
});
