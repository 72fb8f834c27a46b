import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { succeed } from '../support/processes.ts';

const root = join(import.meta.dirname, '..', '..');

test('the command runs from an installed package, where Node by itself refuses TypeScript', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-lite-package-'));
  try {
    const packed = (await succeed('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: root })).trim().split('\n').at(-1)!;
    // As npm lays it out, without asking a registry: the package as packed, beside its dependencies.
    const modules = join(directory, 'node_modules');
    const installed = join(modules, 'kafka-lite-cluster');
    mkdirSync(installed, { recursive: true });
    await succeed('tar', ['-xzf', join(directory, packed), '-C', installed, '--strip-components=1']);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }

    const printed = await succeed(process.execPath, [join(installed, 'kafka-lite-cluster'), '--help']);

    expect(printed).toContain('broker');
    expect(readdirSync(join(installed, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))).toEqual(
      [],
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
