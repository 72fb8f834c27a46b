import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster } from '#embed';
import { blocksOf } from '../support/pages.ts';
import { runCommand } from './cluster.ts';

let cluster: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.close());

async function command(args: readonly string[], input = ''): Promise<string> {
  const program = runCommand([...args, '-b', cluster.bootstrap]);
  program.type(input);
  program.endInput();
  expect(await program.ended, program.errors).toBe(0);
  return program.output;
}

test('groups that nobody has heard of are told where to go on in a topic that was copied, as the page shows', {
  timeout: 60_000,
}, async () => {
  const [block, ...others] = blocksOf('docs/migration.md').filter(({ note }) => note === 'run by test/end-to-end/migration.test.ts');
  expect(others).toEqual([]);
  const before = Date.parse('2026-11-25T08:29:59Z');
  const records = [before, before + 2_000, before + 4_000].map((timestamp) => JSON.stringify({ value: 'paid', timestamp, partition: 0 }));
  await command(['topic', 'create', 'orders', '--partitions=1', '--config=retention.ms=-1']);
  await command(['produce', 'orders', '-i', 'ndjson'], `${records.join('\n')}\n`);

  for (const line of block!.code.trim().split('\n'))
    await command(
      line
        .replace(/ -b \S+$/, '')
        .split(' ')
        .slice(1),
    );

  const offsetOf = async (group: string) =>
    (JSON.parse(await command(['group', 'describe', group, '--json'])) as { offsets: { currentOffset: number }[] }[])[0]!.offsets;
  expect(await offsetOf('billing')).toMatchObject([{ currentOffset: 3 }]);
  expect(await offsetOf('shipping')).toMatchObject([{ currentOffset: 1 }]);
  expect(await command(['consume', 'orders', '-o', '-1', '-e', '-f', '%p %T\\n'])).toBe(`0 ${before + 4_000}\n`);
});
