import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linkPackage } from '../support/linked-package.ts';
import { succeed } from '../support/processes.ts';
import { areForeignClientsWanted } from './installed.ts';

const root = join(import.meta.dirname, '..', '..');

// It installs Jest, some three hundred packages; `npm test` holds what Jest is told to load against Jest's contract (test/end-to-end/examples.test.ts).
test.skipIf(!areForeignClientsWanted)('the example of Jest passes in Jest itself', { timeout: 180_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'jest-'));
  try {
    cpSync(join(root, 'examples', 'jest'), directory, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
    // This checkout takes the place of the published package.
    delete manifest.devDependencies['kafka-lite-cluster'];
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
    await succeed('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: directory, timeoutMs: 120_000 });
    linkPackage(join(directory, 'node_modules'));
    const jest = join(directory, 'node_modules', 'jest', 'bin', 'jest.js');
    const results = join(directory, 'results.json');

    await succeed(process.execPath, [jest, '--json', `--outputFile=${results}`], { cwd: directory });

    expect(JSON.parse(readFileSync(results, 'utf8'))).toMatchObject({ numPassedTests: 2, numTotalTests: 2, success: true });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
