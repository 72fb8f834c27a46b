import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Program, runMainInTerminal } from '#cli/testing.ts';
import { until } from '../support/until.ts';
import { Cluster, runCommand } from './cluster.ts';

describe('consumer --group, with three brokers', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  const programs: Program[] = [];
  /** A test that is tried again must not find the topics and groups of the first time. */
  let called = (name: string): string => name;

  beforeEach(({ task }) => {
    const tries = task.result?.retryCount ?? 0;
    called = (name) => (tries === 0 ? name : `again-${tries}-${name}`);
  });
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
    const program = runCommand(['consumer', `--meta=${cluster.address(broker)}`, `--group=${called(group)}`]);
    programs.push(program);
    program.type(`${called(topic)}\n`);
    return program;
  }

  async function create(topic: string, partitions: number): Promise<void> {
    expect((await cluster.post(1, '/create-topic', { topic: called(topic), partitions })).status).toBe(200);
  }

  /** Each message says in which partition it is, as the output does not. */
  async function write(topic: string, partitions: number, from: number, to: number, broker = 1): Promise<void> {
    for (let i = from; i < to; i++)
      for (let partition = 0; partition < partitions; partition++) {
        const { status } = await cluster.post(broker, '/produce', { topic: called(topic), partition, message: `${partition}/${i}` });
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
    await until(() => linesOf(next).length >= 3, { forMs: 20_000, tell: () => tell() + next.output + next.errors });
    expect(linesOf(next).sort()).toEqual(expectedLines(3, written, written + 1).sort());
  });

  test('G9: a broker that hangs, though it still holds its connections, is gone without', async () => {
    await create('hanging', 3);
    await write('hanging', 3, 0, 2);
    const member = consumer('hanging', 'patient', 1);
    const tell = () => member.output + member.errors;
    await until(() => linesOf(member).length >= 6, { forMs: 20_000, tell });

    // The one of --meta, which leads partition 0.
    const hung = cluster.brokers.get(1)!;
    hung.signal('SIGSTOP');
    try {
      await write('hanging', 3, 2, 4, 2);
      await until(() => new Set(linesOf(member)).size === 12, { forMs: 60_000, tell });
    } finally {
      hung.signal('SIGCONT');
    }
    await cluster.untilReady();
    await write('hanging', 3, 4, 5, 3);
    await until(() => new Set(linesOf(member)).size === 15, { forMs: 60_000, tell });
    expect([...new Set(linesOf(member))].sort()).toEqual(expectedLines(3, 0, 5).sort());
    member.signal('SIGINT');
    expect(await member.ended).toBe(130);
    expect((await stateOf('patient')).members).toEqual([]);
  });

  test('on a terminal it asks for the topic again when there is none of that name, and Ctrl-C commits and leaves', async () => {
    await create('typed', 1);
    await write('typed', 1, 0, 1);
    const member = runMainInTerminal(['consumer', `--meta=${cluster.address(1)}`, `--group=${called('typists')}`]);
    programs.push(member);
    await member.until('Enter topic: ');
    member.type('tpyed\r');
    await member.until('There is no topic "tpyed"');
    member.type(`${called('typed')}\r`);
    await member.until('[Offset 0] 0/0');
    member.type('\u0003');

    expect(await member.ended).toBe(130);
    const { state, offsets } = await stateOf('typists');
    expect(state).toBe('Empty');
    expect(offsets).toMatchObject([{ topic: called('typed'), partition: 0, currentOffset: 1, lag: 0, lagSeconds: 0 }]);
  });

  test('a topic that is deleted while it is read ends it with 3', async () => {
    await create('deleted', 2);
    const member = consumer('deleted', 'left');
    await member.untilError('gives this consumer');
    expect(await runCommand(['topic', 'delete', called('deleted'), `--meta=${cluster.address(2)}`]).ended).toBe(0);

    expect(await member.ended).toBe(3);
    expect(member.errors).toContain(`There is no topic ${called('deleted')} any more`);
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
    const program = runCommand(['group', 'describe', called(group), '--json', `--meta=${cluster.address(3)}`]);
    expect(await program.ended, program.errors).toBe(0);
    return JSON.parse(program.output)[0];
  }
});

describe('groups over HTTP, with three brokers', { timeout: 120_000 }, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start(3);
    expect((await cluster.post(1, '/create-topic', { topic: 'orders', partitions: 3 })).status).toBe(200);
  }, 60_000);
  afterAll(() => cluster.destroy());

  const send = async (id: number, method: 'PUT' | 'POST' | 'DELETE', path: string, body?: object) => {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(`http://${cluster.address(id)}${path}`, init);
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
  const offsetsOf = async (id: number, group: string) => {
    const { status, body } = await cluster.get(id, `/groups/${group}/offsets`);
    expect(status, body).toBe(200);
    return JSON.parse(body);
  };
  const produce = async (partition: number) => {
    const before = Date.now();
    expect((await cluster.post(1, '/produce', { topic: 'orders', partition, message: 'x' })).status).toBe(200);
    return { before, after: Date.now() };
  };
  const all = (offset: number) => ({ offsets: [0, 1, 2].map((partition) => ({ topic: 'orders', partition, offset })) });

  test('any broker tells the same, whoever coordinates the group and leads the partitions', async () => {
    // Names enough to be sure that each broker coordinates some.
    const groups = Array.from({ length: 9 }, (_, i) => `group-${i}`);
    for (const [index, group] of groups.entries())
      expect(await send((index % 3) + 1, 'PUT', `/groups/${group}/offsets`, all(0))).toEqual({
        status: 200,
        body: { status: 'committed' },
      });

    const seen = await Promise.all(cluster.ids.map((id) => cluster.get(id, '/groups')));
    for (const { body } of seen) expect(body).toBe(seen[0]!.body);
    const listed = JSON.parse(seen[0]!.body).groups as { group: string; coordinator: number }[];
    expect(listed.map(({ group }) => group)).toEqual(groups);
    expect(new Set(listed.map(({ coordinator }) => coordinator)).size).toBeGreaterThan(1);
    for (const group of groups) {
      const told = await Promise.all(cluster.ids.map((id) => offsetsOf(id, group)));
      for (const one of told) expect(one).toEqual(told[0]);
    }
    for (const group of groups.slice(1)) expect((await send(2, 'DELETE', `/groups/${group}`)).status).toBe(200);
    expect(JSON.parse((await cluster.get(3, '/groups')).body).groups).toHaveLength(1);
  });

  test('the lag in seconds is the age of the first record that the group has not had, to the millisecond', async () => {
    const first = await produce(0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const second = await produce(0);
    await new Promise((resolve) => setTimeout(resolve, 200));

    for (const [offset, written] of [first, second].entries()) {
      await send(1, 'PUT', '/groups/late/offsets', { offsets: [{ topic: 'orders', partition: 0, offset }] });
      const asked = Date.now();
      const { lag, lagSeconds } = await offsetsOf(2, 'late');
      expect(lag).toBe(2 - offset);
      // What is uncertain is only when between two looks at the clock each of the two moments was.
      expect(lagSeconds * 1000).toBeGreaterThanOrEqual(asked - written.after);
      expect(lagSeconds * 1000).toBeLessThanOrEqual(Date.now() - written.before);
    }
    await send(1, 'PUT', '/groups/late/offsets', { offsets: [{ topic: 'orders', partition: 0, offset: 2 }] });
    expect(await offsetsOf(3, 'late')).toMatchObject({ lag: 0, lagSeconds: 0 });
  });

  test('a reset is shown first, and done when that is asked for', async () => {
    await send(1, 'PUT', '/groups/moved/offsets', all(0));
    const shown = await send(2, 'POST', '/groups/moved/offsets/reset', { topics: ['orders'], to: 'latest' });
    expect(shown).toMatchObject({
      status: 200,
      body: { dryRun: true, offsets: [{ partition: 0, currentOffset: 0, newOffset: 2 }, {}, {}] },
    });
    expect((await offsetsOf(3, 'moved')).offsets[0].currentOffset).toBe(0);

    await send(2, 'POST', '/groups/moved/offsets/reset', { topics: ['orders'], to: 'latest', dryRun: false });
    expect((await offsetsOf(3, 'moved')).offsets[0].currentOffset).toBe(2);
    expect((await send(3, 'DELETE', '/groups/moved/offsets?topic=orders&partition=0')).status).toBe(200);
    expect((await offsetsOf(1, 'moved')).offsets.map((each: { partition: number }) => each.partition)).toEqual([1, 2]);
  });

  test('members are told, and protect the group', async () => {
    const member = runCommand(['consumer', `--meta=${cluster.address(1)}`, '--group=busy']);
    member.type('orders\n');
    await member.until('[Offset 1] x\n');

    const { members, offsets, state } = await offsetsOf(2, 'busy');
    expect([state, members.length]).toEqual(['Stable', 1]);
    expect(offsets.map((each: { member: string }) => each.member)).toEqual(Array(3).fill(members[0].member));
    for (const refused of [
      await send(2, 'PUT', '/groups/busy/offsets', all(0)),
      await send(3, 'POST', '/groups/busy/offsets/reset', { topics: ['orders'], to: 'earliest', dryRun: false }),
      await send(1, 'DELETE', '/groups/busy'),
    ]) {
      expect(refused).toMatchObject({ status: 409, body: { code: 'NON_EMPTY_GROUP' } });
      expect(refused.body.error).toContain(members[0].member);
    }
    member.signal('SIGINT');
    expect(await member.ended).toBe(130);
    expect((await send(1, 'DELETE', '/groups/busy')).status).toBe(200);
  });

  test('G3: it goes on when the coordinator dies, and nothing that was committed is forgotten', async () => {
    await send(1, 'PUT', '/groups/lasting/offsets', all(1));
    const { coordinator } = JSON.parse((await cluster.get(1, '/groups/lasting')).body);
    await cluster.end(coordinator, 'SIGKILL');
    const others = cluster.ids.filter((id) => id !== coordinator);

    expect((await offsetsOf(others[0]!, 'lasting')).offsets.map((each: { currentOffset: number }) => each.currentOffset)).toEqual([
      1, 1, 1,
    ]);
    expect(await send(others[1]!, 'PUT', '/groups/lasting/offsets', all(2))).toMatchObject({ status: 200 });
    const told = await offsetsOf(others[0]!, 'lasting');
    expect(told.coordinator).not.toBe(coordinator);
    expect(told.offsets.map((each: { currentOffset: number }) => each.currentOffset)).toEqual([2, 2, 2]);
    await cluster.startBroker(coordinator);
    await cluster.untilReady();
  });
});
