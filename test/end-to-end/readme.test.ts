import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Program } from '#cli/testing.ts';
import { run, succeed } from '../support/processes.ts';
import { withoutNpm } from '../support/shown-commands.ts';
import { Cluster, launcher, runCommand } from './cluster.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map(([, language, text]) => ({
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
const programs: Program[] = [];
const started = (args: readonly string[]): Program => {
  const program = runCommand(args);
  programs.push(program);
  return program;
};
/** It mostly waits for brokers, so it may do that beside the rest. */
let quickstart: ReturnType<typeof run>;
beforeAll(async () => {
  const [, script] = /^`(npm run quickstart)` plays all of this by itself/m.exec(readme)!;
  quickstart = run('bash', ['-c', withoutNpm(script!).replace(/^node/, `exec "${process.execPath}"`)], { cwd: root, timeoutMs: 120_000 });
  quickstart.catch(() => {});
  cluster = await Cluster.start(3);
}, 60_000);
afterAll(async () => {
  for (const program of programs) program.signal('SIGKILL');
  await cluster.destroy();
  await quickstart.catch(() => {});
}, 120_000);

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

test('producer and consumer talk as they do side by side', { timeout: 30_000 }, async () => {
  const lines = block('dialogue');
  const middle = lines[0]!.indexOf('$ ', 1);
  for (const [left, right] of [[0, middle] as const, [middle, undefined] as const]) {
    const [command, ...shown] = lines.map((line) => line.slice(left, right).trimEnd()).filter(Boolean);
    const args = here(command!.slice('$ ./kafka-lite-cluster '.length)).split(' ');
    const conversation = `${here(shown.join('\n'))}\n`;
    // What is typed into a pipe is not seen again, nor is the line that it ends.
    const typed = /^(Enter topic: |Partition\?> |> )(.*)\n/gm;
    const client = started(args);
    client.type([...conversation.matchAll(typed)].map(([, , line]) => `${line}\n`).join(''));
    if (args[0] === 'consumer') {
      await client.until(conversation.split('\n').at(-2)!);
      client.signal('SIGINT');
    }
    await client.ended;

    expect(client.output, command).toBe(conversation.replaceAll(typed, '$1'));
  }
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
  const member = started(consume);
  member.type('test\n');
  await member.until('[Offset 0] Hello\n');
  member.signal('SIGINT');
  expect(await member.ended).toBe(130);

  const program = started(describe);

  expect(await program.ended, program.errors).toBe(0);
  expect(program.output).toContain('readers');
  expect(program.output).toContain('test');
});

test('the quickstart plays itself', { timeout: 120_000 }, async () => {
  const { code, stdout, stderr } = await quickstart;

  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain('The quickstart works.');
});
