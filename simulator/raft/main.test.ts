import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { raftMutants } from './mutants.ts';

const run = promisify(execFile);
const main = `${import.meta.dirname}/main.ts`;

/** What the command prints, and its exit code. */
async function simulateRaft(...args: string[]): Promise<{ code: number; output: string }> {
  try {
    return { code: 0, output: (await run(process.execPath, [main, ...args])).stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, output: stdout };
  }
}

test('seeds that hold end with 0 and a summary', async () => {
  const { code, output } = await simulateRaft('--seeds', '20');

  expect(output).toMatch(/^20 seeds in \d+ s: .* elections, \d+ batches committed\nall held\n20 passed, 0 failed\n$/);
  expect(code).toBe(0);
});

test('seeds that fail end with 1, are named, and print the command that plays them again', async () => {
  const { code, output } = await simulateRaft('--seeds', '3', '--mutant', 'vote-before-sync');

  expect(output).toContain('R3: ');
  expect(output).toContain('again: npm run simulate:raft -- --seed 1 --trace --mutant vote-before-sync');
  expect(output).toMatch(/^FAILED seeds: 1/m);
  expect(code).toBe(1);
});

test('a fault that nobody knows is refused with the list of those that there are', async () => {
  expect((await simulateRaft('--mutant', 'no-such-fault')).code).toBe(2);
  expect(Object.keys(raftMutants).length).toBeGreaterThanOrEqual(8);
});
