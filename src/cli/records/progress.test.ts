import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Program } from '../testing.ts';
import { inBytes } from './progress.ts';

const showsCursor = '\u001b[?25h';

test.skipIf(spawnSync('script', ['--version']).status !== 0)(
  'a process that ends in the middle of a bar leaves the cursor as it was',
  async () => {
    const file = fileURLToPath(new URL('./progress.ts', import.meta.url));
    const source = `const { progressBar } = await import("${file}"); (await progressBar("x", 10)).at(5); process.exit(130);`;
    const program = new Program('script', ['-qec', `exec '${process.execPath}' --input-type=module -e '${source}'`, '/dev/null'], {
      env: { TERM: 'xterm' },
    });

    expect(await program.ended).toBe(130);
    expect(program.output).toMatch(/x =+-+ 50% \| 5\/10/);
    expect(program.output.lastIndexOf(showsCursor)).toBeGreaterThan(program.output.lastIndexOf('50%'));
  },
);

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_500, '1.5 kB'],
  [20_000_000, '20.0 MB'],
  [3e15, '3000.0 TB'],
])('%d bytes are %s', (amount, shown) => {
  expect(inBytes(amount)).toBe(shown);
});
