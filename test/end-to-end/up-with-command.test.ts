import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Program } from '#cli/testing.ts';
import { spawnable } from '../../src/cli/up/child-command.ts';
import { isFree } from '../support/ports.ts';
import { launcher, runCommand } from './cluster.ts';

const programs: Program[] = [];
/** Not the folder of the project, in which somebody may have started a cluster. */
const cwd = mkdtempSync(join(tmpdir(), 'kafka-lite-test-'));
afterAll(() => rmSync(cwd, { recursive: true }));
afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL');
    await program.ended;
  }
});

function upWith(script: string, ...flags: string[]): Program {
  const program = runCommand(['up', '--count=1', ...flags, '--', process.execPath, '-e', script], { cwd });
  programs.push(program);
  return program;
}

test('up -- CMD runs the command with a ready cluster in its environment, ends with its exit code, and leaves nothing', async () => {
  const script = `
    const post = (path, body) => fetch(process.env.KAFKA_REST_URL + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    (async () => {
      await post('/create-topic', { topic: 'test', partitions: 1 });
      const answer = await post('/produce', { topic: 'test', partition: 0, message: 'Hello' });
      console.log(JSON.stringify({ answer: await answer.json(), brokers: process.env.KAFKA_BROKERS, same: process.env.KAFKA_BOOTSTRAP_SERVERS }));
      process.exitCode = 7;
    })();`;
  const program = upWith(script);

  expect(await program.ended, program.errors).toBe(7);
  const { answer, brokers, same } = JSON.parse(program.output);
  expect(answer).toEqual({ offset: 0 });
  expect(brokers).toMatch(/^localhost:\d+$/);
  expect(same).toBe(brokers);
  expect(await isFree(Number(brokers.split(':')[1]))).toBe(true);
  expect(readdirSync(cwd)).toEqual([]);
});

test('a signal reaches the command, and one that ends by it ends with 128 and the number of the signal', async () => {
  const program = upWith("console.log('runs'); setInterval(() => {}, 1000)", '--memory');
  await program.until('runs\n');

  program.signal('SIGTERM');

  expect(await program.ended).toBe(143);
  expect(program.output).toBe('runs\n');
});

test('our own commands find the cluster that they run with', async () => {
  const listing = runCommand(['up', '--count=1', '--memory', '--', process.execPath, launcher, 'topic', 'list', '--json']);
  programs.push(listing);

  expect(await listing.ended, listing.errors).toBe(0);
  expect(listing.output).toBe('[]\n');
});

test('a command that is not there ends with 127 and is named', async () => {
  const program = runCommand(['up', '--count=1', '--memory', '--', 'no-such-program']);
  programs.push(program);

  expect(await program.ended).toBe(127);
  expect(program.errors).toContain('no-such-program: there is no such program.');
});

test('on Windows scripts like npm are started by cmd.exe, with words that it takes as they are', () => {
  expect(spawnable(['npm', 'test', '--', 'a b', 'x&y'], 'win32')[1]).toEqual(['/d', '/s', '/c', '"npm test -- ^"a^ b^" ^"x^&y^""']);
  expect(spawnable(['node.exe', 'a b'], 'win32')).toEqual(['node.exe', ['a b'], {}]);
  expect(spawnable(['npm', 'test'], 'linux')).toEqual(['npm', ['test'], {}]);
});
