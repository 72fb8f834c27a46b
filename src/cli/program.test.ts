import { expect, test } from 'vitest';
import { inProcess } from './testing-in-process.ts';

test.each([
  'up',
  'broker',
  'producer',
  'consumer',
  'topic',
  'topic describe',
  'topic create',
  'quorum describe',
  'group',
  'group describe',
  'group reset',
])('%s --help shows examples and exit codes', async (command) => {
  const { code, output, errors } = await inProcess([...command.split(' '), '--help']);

  expect(code).toBe(0);
  expect(output).toContain('Examples');
  expect(output).toContain(`kafka-lite-cluster ${command}`);
  expect(output).toContain('Exit codes:');
  expect(errors).toBe('');
});

test.each([
  ['up', ['0', '1', '2', '126', '127', '130', '143', 'N']],
  ['broker', ['0', '1', '2', '130', '143']],
  ['producer', ['0', '1', '2', '3', '4', '130', '143']],
  ['topic create', ['0', '1', '2', '3', '4', '130', '143']],
  ['doctor', ['0', '1', '2', '130', '143']],
])('%s --help lists the exit codes that it may end with', async (command, codes) => {
  const { output } = await inProcess([...command.split(' '), '--help']);

  const [, lines] = output.split('Exit codes:\n');
  expect([...lines!.matchAll(/^ {2}(\w+) +\S/gm)].map(([, code]) => code)).toEqual(codes);
});

test('--version prints the version and nothing else', async () => {
  expect((await inProcess(['--version'])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('without arguments it shows the help', async () => {
  expect((await inProcess([])).output).toContain('Commands:');
});

test.each([
  { args: ['brokr'], error: 'Did you mean broker?' },
  { args: ['broker', '--prot=1'], error: "unknown option '--prot=1'" },
  { args: ['up', '--conut', '3'], error: 'Did you mean --count?' },
  { args: ['topic', 'create', '-b', 'localhost:1', '-orders'], error: 'written behind two of them: -- -orders)' },
  { args: ['produce'], error: 'kafka-lite-cluster produce orders' },
  { args: ['tail'], error: 'kafka-lite-cluster tail orders' },
  { args: ['broker', '--id=1'], error: '--port is missing' },
  { args: ['broker', '--id=one', '--port=8080'], error: '--id=one: a broker id is a whole number' },
  { args: ['producer'], error: '--meta is missing' },
  { args: ['consumer', '--meta=nowhere'], error: '--meta=nowhere: this is not an address' },
  { args: ['consumer', '--meta=localhost:1', '--group='], error: '--group=: the name of a group' },
  { args: ['up', '--count=0'], error: '--count=0' },
  { args: ['up', 'npm', 'test'], error: 'kafka-lite-cluster up -- npm test' },
  { args: ['up', 'npm', '--', 'test'], error: 'kafka-lite-cluster up -- npm test' },
  { args: ['up', '--count=1', '--'], error: 'the command is missing' },
])('$args ends with 2 and says what is wrong', async ({ args, error }) => {
  const { code, output, errors } = await inProcess(args);

  expect(code).toBe(2);
  expect(errors).toContain(error);
  expect(output).toBe('');
});
