import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/processes.ts';
import { playContract, promised } from './contract.ts';
import { arePackageTestsWanted } from './wanted.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'kafka-lite-executable-'));
const executable = join(folder, 'kafka-lite-cluster');
/** Nothing is found by its name. */
const env = { PATH: join(folder, 'no-programs'), HOME: folder };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(arePackageTestsWanted)('the single executable', { timeout: 200_000 }, () => {
  beforeAll(async () => {
    mkdirSync(env.PATH);
    const built = await run('npm', ['run', 'executable'], { cwd: root, timeoutMs: 400_000 });
    expect(built.code, `${built.stdout}${built.stderr}`).toBe(0);
    copyFileSync(join(root, 'dist-executable', 'kafka-lite-cluster'), executable);
  }, 420_000);

  test('plays the contract where there is neither Node nor npm', async () => {
    await expect(run('node', ['--version'], { env })).rejects.toThrow('ENOENT');
    const cwd = mkdtempSync(join(folder, 'data-'));
    const { port, answers } = await playContract([executable], { cwd, env });

    expect(answers).toEqual(promised(port));
    // All that it leaves behind is its data.
    expect(readdirSync(cwd)).toEqual(['kafka-lite-data']);
  });

  test('ends as the command does', async () => {
    expect(await run(executable, ['--version'], { env })).toMatchObject({ code: 0, stderr: '' });
    expect(await run(executable, ['brokr'], { env })).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean broker?') });
  });
});
