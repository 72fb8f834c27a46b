import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { succeed } from '../support/processes.ts';
import { Cluster, launcher, runCommand } from './cluster.ts';

const root = join(import.meta.dirname, '..', '..');
const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language!,
  lines: text!.trimEnd().split('\n'),
}));
/** What shows each block, by how it begins, and who runs it. */
const shown = {
  start: 'npm ci && npm start ',
  test: 'npm ci && npm test ',
  brokers: './kafka-lite-cluster broker --id=1',
  quickstart: 'curl -X POST',
  dialogue: '$ ./kafka-lite-cluster producer',
  embedded: "import { startCluster } from 'kafka-lite-cluster'",
  up: './kafka-lite-cluster up --',
  kcat: 'kcat ',
  kafkajs: "import { Kafka } from 'kafkajs'",
  group: './kafka-lite-cluster consumer --meta=localhost:8080 --group',
};
const block = (name: keyof typeof shown): readonly string[] => blocks.find(({ lines }) => lines[0]!.startsWith(shown[name]))!.lines;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(3);
}, 60_000);
afterAll(() => cluster.destroy());

const here = (text: string) => text.replaceAll(/localhost:808([0-2])/g, (_, digit: string) => cluster.address(Number(digit) + 1));
const bash = (command: string) => {
  const own = `"${process.execPath}" "${launcher}"`;
  return succeed('bash', ['-c', here(command).replaceAll('./kafka-lite-cluster', own)], { cwd: root });
};

test('everything that the README shows is run: by CI as it stands, by other tests, or here', () => {
  expect(blocks.map(({ lines }) => Object.values(shown).find((beginning) => lines[0]!.startsWith(beginning)) ?? lines[0])).toEqual(
    Object.values(shown),
  );
});

test('the brokers are started as the README says, which is how these were, but for their ports', () => {
  for (const [index, line] of block('brokers').entries())
    expect(line).toMatch(
      new RegExp(`^\\./kafka-lite-cluster broker --id=${index + 1} --port=808${index} --peers=localhost:808\\d,localhost:808\\d `),
    );
});

test('each curl of the quickstart prints what stands below it', async () => {
  const lines = block('quickstart');
  for (let i = 0; i < lines.length; i += 2) expect(await bash(lines[i]!), lines[i]).toBe(here(lines[i + 1]!.slice('# '.length)));
});

test('a command runs beside a cluster', { timeout: 30_000 }, async () => {
  const printed = await bash(block('up').join('\n'));

  expect(printed).toMatch(/^my tests would connect to localhost:\d+,localhost:\d+,localhost:\d+\n$/);
});

test.runIf(spawnSync('kcat', ['-V']).status === 0)('kcat writes a file and reads it', { timeout: 30_000 }, async () => {
  const printed = await bash(block('kcat').join('\n').replace('/var/log/syslog', 'README.md'));

  expect(printed).toContain('**A real Kafka cluster, one npm command away.**');
});

test('kafkajs writes', async () => {
  const program = here([...block('kafkajs'), 'await producer.disconnect();'].join('\n'));

  await succeed(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    env: { NODE_ENV: 'test', KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
});

test('a group goes on where it stopped, and is described', { timeout: 60_000 }, async () => {
  const [consume, describe] = block('group').map((line) => here(line).split(' ').slice(1)) as [string[], string[]];
  const member = runCommand(consume);
  member.type('test\n');
  await member.until('[Offset 0] Hello\n');
  member.signal('SIGINT');
  expect(await member.ended).toBe(130);

  const program = runCommand(describe);

  expect(await program.ended, program.errors).toBe(0);
  expect(program.output).toContain('readers');
  expect(program.output).toContain('test');
});
