import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commandLine } from './program.ts';
import { type Program, runMain } from './testing.ts';
import { inProcess } from './testing-in-process.ts';

/** Those that hold a dialogue, whose lines are the contract's, or print a script. */
const withoutJson = ['producer', 'consumer', 'completion'];

/** What is printed, in the order in which it can be asked; `error`: a sentence on stderr and this exit code, and nothing on stdout but what was found. */
const cases: { args: string; input?: string; answer?: object; error?: { code: number; says: string } }[] = [
  { args: 'topic create orders --partitions=2', answer: { name: 'orders', partitions: 2, replicationFactor: 1 } },
  { args: 'topic create orders', error: { code: 1, says: 'TOPIC_ALREADY_EXISTS' } },
  { args: 'topic create bad/name', error: { code: 2, says: 'INVALID_TOPIC_EXCEPTION' } },
  { args: 'topic list', answer: ['orders'] },
  { args: 'topic describe orders', answer: [{ name: 'orders' }] },
  { args: 'topic copy orders copied', answer: { source: 'orders', target: 'copied', copied: 0 } },
  { args: 'topic copy odrers copied', error: { code: 3, says: 'Did you mean "orders"?' } },
  { args: 'produce orders -p 0', input: 'one\n', answer: { topic: 'orders', written: 1, skipped: 0 } },
  { args: 'consume orders -c 1', answer: { topic: 'orders', offset: 0, value: 'one' } },
  { args: 'consume odrers -e', error: { code: 3, says: 'Did you mean "orders"?' } },
  { args: 'consume orders -e -o raw', error: { code: 2, says: '--output=raw: this is not the form that --json stands for' } },
  { args: 'tail orders -p 0 -n 1 -c 1', answer: { topic: 'orders', partition: 0 } },
  { args: 'consume orders -e -p 0 -o json', answer: [{ topic: 'orders', partition: 0 }] },
  { args: 'produce odrers', error: { code: 3, says: 'Did you mean "orders"?' } },
  { args: 'group reset readers --topic=orders --to-latest --execute', answer: { group: 'readers', executed: true } },
  { args: 'group list', answer: [{ group: 'copy-of-orders' }, { group: 'readers' }] },
  { args: 'group describe readers', answer: [{ group: 'readers', offsets: [{ topic: 'orders' }, { topic: 'orders' }] }] },
  { args: 'group describe raeders', answer: [], error: { code: 3, says: 'Did you mean "readers"?' } },
  { args: 'group delete-offsets readers --topic=orders', answer: {} },
  { args: 'group delete readers', answer: { deleted: ['readers'] } },
  { args: 'config set topic orders retention.ms=1000', answer: { topic: 'orders', changed: { 'retention.ms': '1000' } } },
  { args: 'config describe topic orders', answer: [{ name: 'retention.ms', value: '1000' }] },
  { args: 'config unset topic orders retention.ms', answer: { changed: { 'retention.ms': null } } },
  { args: 'config set topic orders retenton.ms=1', error: { code: 2, says: 'Did you mean "retention.ms"?' } },
  { args: 'quorum describe', answer: { leader: 1 } },
  { args: 'quorum add-voter 1', error: { code: 1, says: 'Broker 1 is a voter already.' } },
  { args: 'quorum remove-voter 1', error: { code: 2, says: 'The only voter cannot be removed.' } },
  { args: 'doctor', answer: { healthy: true } },
  { args: 'topic delete orders', answer: { deleted: ['orders'] } },
];

describe('--json', { timeout: 60_000 }, () => {
  let broker: Program;

  beforeAll(async () => {
    broker = runMain([
      'broker',
      '--id=1',
      '--port=0',
      '--memory',
      '--log-level=silent',
      '--config=transaction.state.log.num.partitions=1',
      '--json',
    ]);
    await broker.until('\n');
    vi.stubEnv('KAFKA_BOOTSTRAP_SERVERS', JSON.parse(broker.output).address);
  }, 60_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    broker.signal('SIGKILL');
    await broker.ended;
  });

  test('broker says in a line of JSON where it runs', () => {
    expect(JSON.parse(broker.output)).toEqual({
      id: 1,
      port: expect.any(Number),
      address: expect.stringMatching(/^localhost:\d+$/),
      ready: true,
    });
  });

  test('every command that gives an answer takes it', () => {
    const leaves = leavesOf(commandLine(undefined, () => {}));
    const taking = leaves.filter(({ command }) => command.options.some(({ long }) => long === '--json')).map(({ name }) => name);
    expect(taking).toEqual(leaves.map(({ name }) => name).filter((name) => !withoutJson.includes(name)));
    const asked = ['up', 'broker', ...cases.map(({ args }) => args)];
    expect(taking.filter((name) => !asked.some((args) => `${args} `.startsWith(`${name} `)))).toEqual([]);
  });

  test.each(cases)('$args', async ({ args, input, answer, error }) => {
    const asked = [...args.split(' '), '--json'];
    const { code, output, errors } = input === undefined ? await inProcess(asked) : await byItself(asked, input);

    if (error !== undefined) {
      expect({ code, output }).toEqual({ code: error.code, output: answer === undefined ? '' : `${JSON.stringify(answer)}\n` });
      expect(errors).toMatch(/^error: [^\n]+\n$/);
      expect(errors).toContain(error.says);
      return;
    }
    expect(code, errors).toBe(0);
    // An array of records is one over several lines.
    if (!args.endsWith('-o json')) expect(output).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(output)).toMatchObject(answer!);
  });
});

async function byItself(args: readonly string[], input: string) {
  const program = runMain(args);
  program.type(input);
  program.endInput();
  const code = await program.ended;
  return { code, output: program.output, errors: program.errors };
}

function leavesOf(command: Command, path: readonly string[] = []): { name: string; command: Command }[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }];
  return command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]));
}
