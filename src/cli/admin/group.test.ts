import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Program, runMain } from '../testing.ts';
import { inProcess } from '../testing-in-process.ts';

const outcome = (...args: string[]) => inProcess(args);

describe('group commands, with a broker', { timeout: 60_000 }, () => {
  let broker: Program;
  let port: number;
  let server: string;
  let directory: string;
  const running: Program[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'group-command-'));
    broker = runMain(['broker', '--id=1', '--port=0', '--memory', '--log-level=silent']);
    await broker.until('running on :');
    port = Number(/:(\d+)\n/.exec(broker.output)?.[1]);
    server = `--bootstrap-server=localhost:${port}`;
    await post('/create-topic', { topic: 'orders', partitions: 2 });
    for (let i = 0; i < 5; i++) await post('/produce', { topic: 'orders', partition: 0, message: `message ${i}` });
  }, 60_000);
  afterAll(async () => {
    for (const program of [...running, broker]) {
      program.signal('SIGKILL');
      await program.ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const post = (path: string, body: object) =>
    fetch(`http://localhost:${port}${path}`, { method: 'POST', body: JSON.stringify(body) }).then((answer) => answer.text());
  const group = (...args: string[]) => outcome('group', ...args, server);
  const describedOffsets = async (name: string) => {
    const [described] = JSON.parse((await group('describe', name, '--json')).output);
    return described.offsets.map((each: { currentOffset: number }) => each.currentOffset);
  };

  test('a reset is shown, and done only with --execute; it makes a group that was not there', async () => {
    const shown = await group('reset', 'made', '--topic=orders', '--to-offset=3');
    expect(shown).toEqual({
      code: 0,
      output: [
        'TOPIC   PARTITION  CURRENT-OFFSET  NEW-OFFSET  CHANGE',
        'orders  0          -               3',
        'orders  1          -               0',
        '',
      ].join('\n'),
      errors: 'Nothing was changed. With --execute it is.\n',
    });
    expect((await group('describe', 'made')).code).toBe(3);

    expect(await group('reset', 'made', '--topic=orders', '--to-offset=3', '--execute')).toEqual({ ...shown, errors: '' });
    expect(await group('reset', 'made', '--topic=orders:0', '--shift-by', '-1', '--execute')).toMatchObject({
      code: 0,
      output: expect.stringContaining('orders  0          3               2           -1\n'),
    });
    expect(await describedOffsets('made')).toEqual([2, 0]);
    expect((await group('describe', 'made')).output).toMatch(
      /^made: classic group, Empty, 0 members, coordinator 1\n {2}TOPIC .*\n {2}orders {2}0 {10}2 {15}5 {15}3 {4}\d+\.\d{3} +- +- +-\n {2}orders {2}1 {10}0 {15}0 {15}0 {4}0 /,
    );
  });

  test('what is exported can be read again', async () => {
    await group('reset', 'exported', '--topic=orders', '--to-offset=2', '--execute');
    const exported = await group('reset', 'exported', '--all-topics', '--to-current', '--export');
    expect(exported.output).toBe('orders,0,2\norders,1,0\n');
    const file = join(directory, 'plan.csv');
    writeFileSync(file, exported.output);

    await group('reset', 'exported', '--topic=orders', '--to-latest', '--execute');
    expect(await describedOffsets('exported')).toEqual([5, 0]);
    expect(await group('reset', 'exported', `--from-file=${file}`, '--execute', '--json')).toMatchObject({
      code: 0,
      output: `${JSON.stringify({
        group: 'exported',
        executed: true,
        offsets: [
          { topic: 'orders', partition: 0, currentOffset: 5, newOffset: 2 },
          { topic: 'orders', partition: 1, currentOffset: 0, newOffset: 0 },
        ],
      })}\n`,
    });
    expect(await describedOffsets('exported')).toEqual([2, 0]);
  });

  test('offsets and groups are deleted, each told by itself, and a name that is nearly right is pointed out', async () => {
    await group('reset', 'short', '--topic=orders', '--to-earliest', '--execute');
    await group('reset', 'lived', '--topic=orders', '--to-earliest', '--execute');

    expect(await group('delete-offsets', 'short', '--topic=orders:1')).toEqual({
      code: 0,
      output: 'short has no offset for orders-1 any more.\n',
      errors: '',
    });
    expect(await describedOffsets('short')).toEqual([0]);
    expect(await group('delete', 'short', 'livde', 'lived')).toEqual({
      code: 3,
      output: 'Deleted short.\nDeleted lived.\n',
      errors: 'error: There is no group "livde". Did you mean "lived"?\n',
    });
    expect((await group('list')).output).not.toMatch(/short|lived/);
  });

  test('a group with members is described with them, and neither reset nor deleted', async () => {
    const consumer = runMain(['consumer', `--meta=localhost:${port}`, '--group=busy']);
    running.push(consumer);
    consumer.type('orders\n');
    await consumer.until('[Offset 4] message 4\n');

    expect((await group('list')).output).toMatch(/^busy {6}consumer {2}Stable {2}1 {8}1$/m);
    const described = JSON.parse((await group('describe', 'busy', '--json')).output);
    expect(described).toMatchObject([
      {
        group: 'busy',
        type: 'consumer',
        state: 'Stable',
        members: [{ client: 'kafka-lite-cluster', host: '127.0.0.1', partitions: [{ topic: 'orders', partition: 0 }, { partition: 1 }] }],
      },
    ]);
    const [{ member }] = described[0].members;
    expect((await group('describe', 'busy', '--members')).output).toContain(`  ${member}  -         127.0.0.1  kafka-lite-cluster`);
    expect((await group('describe', 'busy', '--members')).output).toContain('orders(0,1)');
    expect((await group('describe', 'busy', '--state')).output).toBe(
      'busy: consumer group, Stable, 1 member, coordinator 1, assignor uniform\n',
    );

    for (const refused of [
      await group('delete', 'busy'),
      await group('reset', 'busy', '--topic=orders', '--to-earliest'),
      await group('reset', 'busy', '--topic=orders', '--to-earliest', '--execute'),
    ]) {
      expect(refused).toMatchObject({ code: 1, output: '' });
      expect(refused.errors).toMatch(new RegExp(`^error: Group busy has 1 member: ${member} .* before they have stopped.*NON_EMPTY_GROUP`));
    }
    expect(await group('delete-offsets', 'busy', '--topic=orders')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('GROUP_SUBSCRIBED_TO_TOPIC'),
    });

    consumer.signal('SIGINT');
    expect(await consumer.ended).toBe(130);
    expect(await group('delete', 'busy', '--json')).toEqual({ code: 0, output: '{"deleted":["busy"]}\n', errors: '' });
  });

  test.each([
    { args: ['reset', 'x', '--topic=orders'], error: 'Say where the group is to go on' },
    { args: ['reset', 'x', '--to-latest'], error: 'Name what it is about' },
    { args: ['reset', 'x', '--topic=orders', '--to-latest', '--execute', '--dry-run'], error: 'exclude each other' },
    { args: ['reset', 'x', '--from-file=/nowhere'], error: '--from-file=/nowhere: the file cannot be read' },
    { args: ['describe'], error: "missing required argument 'name'" },
  ])('$args ends with 2', async ({ args, error }) => {
    expect(await group(...args)).toMatchObject({ code: 2, output: '', errors: expect.stringContaining(error) });
  });

  test('a topic that is not there ends a reset with 3, and says which may be meant', async () => {
    expect(await group('reset', 'x', '--topic=order', '--to-latest', '--execute')).toMatchObject({
      code: 3,
      output: '',
      errors: expect.stringContaining('There is no topic "order". Did you mean "orders"?'),
    });
  });
});

test('without a broker it says where it looked and ends with 4, at once', async () => {
  expect(await outcome('group', 'list', '--meta=localhost:1')).toMatchObject({
    code: 4,
    errors: expect.stringMatching(/localhost:1 does not answer: .* Is a broker running there/),
  });
});
