import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Program } from '#cli/testing.ts';
import { blocksOf } from '../support/pages.ts';
import { Cluster, eventually, runCommand } from './cluster.ts';

/** What docs/operating/command-line.md shows: a command, and what comes of it. */
interface Dialogue {
  readonly args: readonly string[];
  readonly answer: string;
}
const dialogues = blocksOf('docs/operating/command-line.md')
  .filter(({ note }) => note === 'run by test/end-to-end/dialogues.test.ts')
  .map(({ code }): Dialogue => {
    const [command, ...answer] = code.split('\n');
    const [, words] = /^\$ kafka-lite-cluster (.*)$/.exec(command!)!;
    return { args: words!.split(' '), answer: answer.join('\n') };
  });
const dialogue = (beginning: string): Dialogue => dialogues.find(({ args }) => args.join(' ').startsWith(beginning))!;

let cluster: Cluster;
const programs: Program[] = [];
beforeAll(async () => {
  cluster = await Cluster.start(3);
}, 60_000);
afterAll(async () => {
  for (const program of programs) program.signal('SIGKILL');
  await cluster.destroy();
});

function run(args: readonly string[]): Program {
  const program = runCommand(args.map((word) => word.replace('localhost:8080', cluster.address(1))));
  programs.push(program);
  return program;
}

/** What it prints, with the page's brokers in place of those of the test. */
async function answerTo(args: readonly string[]): Promise<string> {
  const program = run(args);
  program.endInput();
  expect(await program.ended, program.errors).toBe(0);
  return asOnThePage(program.output);
}
const asOnThePage = (text: string) => cluster.ids.reduce((so, id) => so.replaceAll(cluster.address(id), `localhost:${8079 + id}`), text);

/** Without what another run may have otherwise, of which the length stays so that columns stay. */
const lasting = (text: string) =>
  text
    .replaceAll(/\bid [\w-]{22}$/gm, 'id ID')
    .replaceAll(/ [\w-]{22} /g, ` ${'MEMBER-ID'.padEnd(22)} `)
    .replaceAll(/\bcoordinator [123],/g, 'coordinator ID,')
    .replaceAll(/ \d+\.\d{3} {2,}/g, (lag) => ' SECONDS'.padEnd(lag.length));

test('each dialogue of the page is one of those that are played here', () => {
  expect(dialogues.map(({ args }) => args.slice(0, 2).join(' '))).toEqual([
    'consumer --meta=localhost:8080',
    'topic describe',
    'group describe',
  ]);
});

test('a consumer of a group answers as the page shows, and so does who asks for its group, when it hangs', {
  timeout: 60_000,
}, async () => {
  const { args, answer } = dialogue('consumer');
  const [, typed] = /^Enter topic: (.*\n)/.exec(answer)!;
  await cluster.post(1, '/create-topic', { topic: 'test', partitions: 3 });
  await cluster.post(1, '/produce', { topic: 'test', partition: 1, message: 'Hello World' });

  const member = run(args);
  member.type(typed!);
  await member.until('[Offset 0] Hello World\n');

  // What is typed into a pipe is not seen again.
  expect(asOnThePage(member.output)).toBe(answer.replace(typed!, ''));

  const describe = dialogue('group describe');
  await eventually(
    () => answerTo(describe.args),
    (seen) => / {2}test +1 +1 +1 +0 /.test(seen),
  );
  member.signal('SIGSTOP');
  for (const message of ['more', 'and more']) await cluster.post(1, '/produce', { topic: 'test', partition: 1, message });

  expect(lasting(await answerTo(describe.args))).toBe(lasting(describe.answer));
  member.signal('SIGKILL');
});

test('topics whose broker is down are described as the page shows', { timeout: 60_000 }, async () => {
  const { args, answer } = dialogue('topic describe');
  await answerTo(['topic', 'create', 'orders', '--partitions=3', '--meta=localhost:8080']);
  await answerTo(['topic', 'create', 'scratch', '--partitions=3', '--replication-factor=1', '--meta=localhost:8080']);
  await cluster.end(2, 'SIGKILL');

  const seen = await eventually(
    () => answerTo(args),
    (text) => text.split('down: 2').length === answer.split('down: 2').length,
  );

  expect(lasting(seen)).toBe(lasting(answer));
});
