import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runMain } from '../testing.ts';

const launcher = fileURLToPath(new URL('../../../kafka-lite-cluster', import.meta.url));

async function completed(...words: string[]): Promise<string[]> {
  const program = runMain(['complete', '--', ...words], { env: { KAFKA_BOOTSTRAP_SERVERS: 'localhost:1' } });
  program.endInput();
  expect(await program.ended).toBe(0);
  expect(program.errors).toBe('');
  return program.output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0]!);
}

test('commands, their commands and their flags are completed, and an unreachable cluster is no error', async () => {
  expect(await completed('to')).toEqual(['topic']);
  expect(await completed('group', '--meta', '=', 'localhost', ':', '1', 'des')).toEqual(['describe']);
  expect(await completed('consume', '--isol')).toEqual(['--isolation-level']);
  expect(await completed('consume', '')).toEqual([]);
  expect(await completed('topic', 'create', '--partitions', '')).toEqual([]);
});

test('a shell without completion is named', async () => {
  const program = runMain(['completion', 'csh']);

  expect(await program.ended).toBe(2);
  expect(program.errors).toContain('Use bash, zsh, fish, pwsh');
});

test.skipIf(spawnSync('bash', ['--version']).status !== 0)(
  'bash completes by the script that is printed, and evaluates nothing that is typed',
  () => {
    const script = `
    kafka-lite-cluster() { "${process.execPath}" "${launcher}" "$@"; }
    source <(kafka-lite-cluster completion bash)
    COMP_WORDS=(kafka-lite-cluster topic '$(echo evaluated >&2)' des); COMP_CWORD=3
    _kafka_lite_cluster
    echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });

    expect(stderr).toBe('');
    expect(stdout).toBe('describe\n');
  },
);
