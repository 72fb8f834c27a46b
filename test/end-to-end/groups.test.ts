import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Program, runMainInTerminal } from '#cli/testing.ts';
import { until } from '../support/until.ts';
import { Cluster, runCommand } from './cluster.ts';

describe('consumer --group, with three brokers', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  const programs: Program[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start(3);
  }, 60_000);
  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.signal('SIGKILL');
      await program.ended;
    }
    for (const id of cluster.ids) if (!cluster.brokers.has(id)) await cluster.startBroker(id);
    await cluster.untilReady();
  });
  afterAll(() => cluster.destroy());

  function consumer(topic: string, group: string, broker = 1): Program {
    const program = runCommand(['consumer', `--meta=${cluster.address(broker)}`, `--group=${group}`]);
    programs.push(program);
    program.type(`${topic}\n`);
    return program;
  }

  async function create(topic: string, partitions: number): Promise<void> {
    expect((await cluster.post(1, '/create-topic', { topic, partitions })).status).toBe(200);
  }

  /** Each message says in which partition it is, as the output does not. */
  async function write(topic: string, partitions: number, from: number, to: number, broker = 1): Promise<void> {
    for (let i = from; i < to; i++)
      for (let partition = 0; partition < partitions; partition++) {
        const { status } = await cluster.post(broker, '/produce', { topic, partition, message: `${partition}/${i}` });
        expect(status).toBe(200);
      }
  }

  const linesOf = (...members: Program[]) => members.flatMap(({ output }) => output.match(/^\[Offset \d+\] .*$/gm) ?? []);
  const expectedLines = (partitions: number, from: number, to: number) =>
    Array.from({ length: partitions }, (_, partition) =>
      Array.from({ length: to - from }, (_, i) => `[Offset ${from + i}] ${partition}/${from + i}`),
    ).flat();

  test("it prints the contract's lines, and after Ctrl-C the next one goes on where it stopped", async () => {
    await create('continued', 3);
    await write('continued', 3, 0, 4);

    const first = consumer('continued', 'one-by-one');
    await until(() => linesOf(first).length === 12, { forMs: 20_000, tell: () => first.output + first.errors });
    first.signal('SIGINT');
    expect(await first.ended).toBe(130);
    const partitions = cluster.ids.map((id) => `  ${id - 1} on ${cluster.address(id)}\n`).join('');
    expect(first.output.startsWith(`Enter topic: Partitions:\n${partitions}[Offset 0] `)).toBe(true);
    expect(linesOf(first).sort()).toEqual(expectedLines(3, 0, 4).sort());

    await write('continued', 3, 4, 6, 2);
    const second = consumer('continued', 'one-by-one', 3);
    await until(() => linesOf(second).length === 6, { forMs: 20_000, tell: () => second.output + second.errors });
    await write('continued', 3, 6, 7, 2);
    await until(() => linesOf(second).length >= 9, { forMs: 20_000, tell: () => second.output + second.errors });
    expect(linesOf(second).sort()).toEqual(expectedLines(3, 4, 7).sort());
  });

  test('G1: two at once share the partitions; when one leaves the other has all, and nothing is printed twice', async () => {
    await create('shared', 6);
    const both = [consumer('shared', 'together', 1), consumer('shared', 'together', 2)] as const;
    const [one, two] = both;
    const tell = () => both.map(({ output, errors }) => output + errors).join('\n');
    // Three each, as the last that each was told.
    const has = (member: Program) => new Set(member.errors.split('\n').flatMap((line) => line.match(/shared-\d/g) ?? [])).size;
    await until(() => has(one) >= 3 && has(two) >= 3, { forMs: 30_000, tell });
    await until(
      async () => (await stateOf('together')).members.every((member: { partitions: unknown[] }) => member.partitions.length === 3),
      {
        forMs: 30_000,
        tell,
      },
    );

    await write('shared', 6, 0, 5);
    await until(() => linesOf(...both).length >= 30, { forMs: 30_000, tell });
    expect(linesOf(...both).sort()).toEqual(expectedLines(6, 0, 5).sort());
    expect([linesOf(one).length, linesOf(two).length]).toEqual([15, 15]);

    one.signal('SIGTERM');
    expect(await one.ended).toBe(143);
    await write('shared', 6, 5, 7);
    await until(() => linesOf(...both).length >= 42, { forMs: 30_000, tell });
    expect(linesOf(...both).sort()).toEqual(expectedLines(6, 0, 7).sort());
  });

  test('G9: it lives through the death of any broker, be it the one of --meta, a leader or the coordinator', async () => {
    await create('lasting', 3);
    await write('lasting', 3, 0, 3);
    const member = consumer('lasting', 'survivors', 1);
    const tell = () => member.output + member.errors;
    await until(() => linesOf(member).length >= 9, { forMs: 20_000, tell });

    let written = 3;
    for (const id of cluster.ids) {
      await cluster.end(id, 'SIGKILL');
      const other = (id % 3) + 1;
      await write('lasting', 3, written, written + 3, other);
      written += 3;
      await until(() => new Set(linesOf(member)).size === written * 3, { forMs: 60_000, tell });
      await cluster.startBroker(id);
      await cluster.untilReady();
    }
    expect([...new Set(linesOf(member))].sort()).toEqual(expectedLines(3, 0, written).sort());
    member.signal('SIGINT');
    expect(await member.ended).toBe(130);

    const next = consumer('lasting', 'survivors', 2);
    await write('lasting', 3, written, written + 1);
    await until(() => linesOf(next).length >= 3, { forMs: 20_000, tell: () => next.output + next.errors });
    expect(linesOf(next).sort()).toEqual(expectedLines(3, written, written + 1).sort());
  });

  test('on a terminal it asks for the topic again when there is none of that name, and Ctrl-C commits and leaves', async () => {
    await create('typed', 1);
    await write('typed', 1, 0, 1);
    const member = runMainInTerminal(['consumer', `--meta=${cluster.address(1)}`, '--group=typists']);
    programs.push(member);
    await member.until('Enter topic: ');
    member.type('tpyed\r');
    await member.until('There is no topic "tpyed"');
    member.type('typed\r');
    await member.until('[Offset 0] 0/0');
    member.type('\u0003');

    expect(await member.ended).toBe(130);
    const { state, offsets } = await stateOf('typists');
    expect(state).toBe('Empty');
    expect(offsets).toMatchObject([{ topic: 'typed', partition: 0, currentOffset: 1, lag: 0, lagSeconds: 0 }]);
  });

  test('a topic that is deleted while it is read ends it with 3', async () => {
    await create('deleted', 2);
    const member = consumer('deleted', 'left');
    await member.untilError('gives this consumer');
    expect(await runCommand(['topic', 'delete', 'deleted', `--meta=${cluster.address(2)}`]).ended).toBe(0);

    expect(await member.ended).toBe(3);
    expect(member.errors).toContain('There is no topic deleted any more');
  });

  test('it ends quietly when its reader goes away, and leaves the group', async () => {
    await create('quiet', 1);
    const member = consumer('quiet', 'gone');
    await member.untilError('gives this consumer');
    member.process.stdout!.destroy();
    await write('quiet', 1, 0, 3);

    expect(await member.ended).toBe(0);
    expect((await stateOf('gone')).members).toEqual([]);
  });

  async function stateOf(group: string) {
    const program = runCommand(['group', 'describe', group, '--json', `--meta=${cluster.address(3)}`]);
    expect(await program.ended, program.errors).toBe(0);
    return JSON.parse(program.output)[0];
  }
});
