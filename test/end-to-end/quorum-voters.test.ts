import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster } from '#embed';
import { eventually, runCommand } from './cluster.ts';

let cluster: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 });
});
afterAll(() => cluster?.close());

async function quorum(...args: string[]) {
  const program = runCommand(['quorum', ...args, `--bootstrap-server=${cluster.bootstrap}`]);
  program.endInput();
  return { code: await program.ended, output: program.output, errors: program.errors };
}

interface Described {
  readonly voters: readonly { node: number; directory: string }[];
  readonly observers: readonly { node: number; directory: string }[];
}
const describeQuorum = async () => JSON.parse((await quorum('describe', '--json')).output) as Described;
const nodes = (members: readonly { node: number }[]) => members.map(({ node }) => node).sort();

test('a voter is taken out, follows, and is put in again', { timeout: 60_000 }, async () => {
  const { directory } = (await describeQuorum()).voters.find(({ node }) => node === 3)!;

  expect(await quorum('remove-voter', '3')).toEqual({
    code: 0,
    output: `Broker 3 votes no more, with directory ${directory}; 2 voters left.\n`,
    errors: '',
  });
  const without = await eventually(describeQuorum, ({ observers }) => observers.length === 1);
  expect([nodes(without.voters), nodes(without.observers)]).toEqual([[1, 2], [3]]);
  expect(await quorum('remove-voter', '3')).toMatchObject({ code: 3, errors: 'error: 3 is no voter. Voters: 1, 2; observers: 3.\n' });

  expect(await quorum('add-voter', '3', '--json')).toEqual({ code: 0, output: `{"added":3,"directory":"${directory}"}\n`, errors: '' });
  expect(nodes((await describeQuorum()).voters)).toEqual([1, 2, 3]);
  expect(await quorum('add-voter', '3')).toMatchObject({ code: 1, errors: 'error: Broker 3 is a voter already.\n' });
});

test.each([
  { args: ['add-voter', '7'], code: 3, error: 'Broker 7 does not follow the metadata log: start it' },
  { args: ['remove-voter', 'three'], code: 2, error: "<id>=three: a broker's id is a whole number from 0." },
])('$args ends with $code', async ({ args, code, error }) => {
  expect(await quorum(...args)).toMatchObject({ code, errors: expect.stringContaining(error) });
});
