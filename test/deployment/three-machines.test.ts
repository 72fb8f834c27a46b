import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Program } from '#cli/testing.ts';
import { exported, shownIn } from '../support/console-block.ts';
import { blocksOf } from '../support/pages.ts';
import { until } from '../support/until.ts';
import { Wire } from './namespaces.ts';
import { areDeploymentTestsWanted, canMakeNamespaces } from './wanted.ts';

const root = join(import.meta.dirname, '..', '..');
const ids = [1, 2, 3];
const machine = (id: number) => `machine-${id}`;

describe.runIf(areDeploymentTestsWanted && canMakeNamespaces)('three machines, as the pages show them', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-lite-machines-'));
  const brokers = new Map<number, Program>();
  const variables: Record<string, string> = { NO_COLOR: '1' };
  let wire: Wire | undefined;

  const blocksFor = (page: string) => blocksOf(page).filter(({ note }) => note === 'run by test/deployment/three-machines.test.ts');
  const [deployment, ...othersOfDeployment] = blocksFor('docs/operating/deployment.md');
  const [start, ...shown] = blocksFor('docs/getting-started.md').map(({ code }) => shownIn(code));
  const block = (beginning: string) => shown.find(([first]) => first!.command.startsWith(beginning))!;

  beforeAll(async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'kafka-lite-cluster'), `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'kafka-lite-cluster')}" "$@"\n`);
    chmodSync(join(bin, 'kafka-lite-cluster'), 0o755);
    variables['PATH'] = `${bin}:${process.env['PATH']}`;
    wire = await Wire.lay([...ids.map(machine), 'desk'], folder, '10.0.0');
    for (const id of ids) startBroker(id);
  }, 60_000);
  afterAll(async () => {
    await wire?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** By the command of the page, which is that of the first machine. */
  function startBroker(id: number): void {
    const disk = join(folder, `disk-${id}`);
    mkdirSync(disk, { recursive: true });
    const command = deployment!.code.trim().replace('--id=1 ', `--id=${id} `);
    // What `ip netns exec` runs has mounts of its own: each machine has its own /var/lib.
    const script = `mount --bind '${disk}' /var/lib && exec ${command}`;
    brokers.set(id, wire!.start(machine(id), 'sh', ['-c', script], variables));
  }

  /** Types it at the desk, a machine of its own. */
  const type = (command: string) => wire!.run('desk', 'bash', ['-o', 'pipefail', '-c', `cd '${folder}'; ${command}`], variables);

  /** Types each command of a block, and compares what it prints. @param alike leaves out of both what is different each time */
  async function play(beginning: string, alike = (text: string) => text): Promise<void> {
    for (const { command, prints } of block(beginning)) {
      if (exported(command, variables)) continue;
      const { code, stdout } = await type(`{ ${command}; } 2>&1`);
      expect({ command, code, prints: alike(stdout.replace(/([^\n])$/, '$1\n')) }).toEqual({ command, code: 0, prints: alike(prints) });
    }
  }

  const withoutIds = (text: string) => text.replaceAll(/(?<![\w-])[\w-]{22}(?![\w-])/g, 'ID');
  const isWhole = async (id: number) => (await type(`curl -s 10.0.0.${id}:9092/readyz`)).stdout.includes('"partitionsUnderReplicated":0');

  /** How the blocks begin, each of which is played below. */
  const played = {
    look: 'export KAFKA_BOOTSTRAP_SERVERS',
    wait: 'until curl',
    backUp: 'kafka-lite-cluster consume',
    exchange: 'kafka-lite-cluster quorum',
  };

  test('both pages start a broker in the same way, and show nothing that is not run', () => {
    expect(start!.map(({ command }) => `${command}\n`)).toEqual([deployment!.code]);
    expect(othersOfDeployment).toEqual([]);
    expect(
      shown.map(([first]) => Object.values(played).find((beginning) => first!.command.startsWith(beginning)) ?? first!.command),
    ).toEqual(Object.values(played));
  });

  test('all three say that they run, and that they listen beyond their machine', async () => {
    for (const [id, program] of brokers) {
      await program.until(start![0]!.prints.replace('1', String(id)), { timeoutMs: 60_000 });
      expect(program.errors).toContain('there is no authentication yet');
    }
    await until(async () => (await Promise.all(ids.map(isWhole))).every((it) => it), { forMs: 60_000 });
    expect((await type('curl -s -o /dev/null -w %{http_code} 10.0.0.2:9092/healthz')).stdout).toBe('200');
  });

  test('all is well: doctor, quorum describe and /readyz say so', async () => {
    await play(played.look, (text) =>
      withoutIds(text)
        .replaceAll(/(Node|kafka-lite-cluster|Disk of \.): .*/g, '$1')
        .replaceAll(/(Controller: broker|Leader|epoch|offset) \d+/g, '$1')
        .replaceAll(/^ +[123] +(leader|voter) +\d+ +\d+ +(\d+ ms ago|now) /gm, '$1 ')
        .replaceAll(/ +/g, ' '),
    );
  });

  test('one after the other is restarted while kafkajs writes: no produce fails, and nothing that was acknowledged is missing', async () => {
    expect((await type('kafka-lite-cluster topic create steady --partitions=3')).code).toBe(0);
    const writer = wire!.start('desk', process.execPath, [
      join(import.meta.dirname, 'kafkajs-steady.mjs'),
      variables['KAFKA_BOOTSTRAP_SERVERS']!,
      'steady',
    ]);
    await writer.until('started');
    const wait = block(played.wait)[0]!.command;

    for (const id of ids) {
      const stopped = performance.now();
      brokers.get(id)!.signal('SIGTERM');
      expect(await brokers.get(id)!.ended).toBe(0);
      expect(performance.now() - stopped).toBeLessThan(30_000);
      startBroker(id);
      expect((await type(wait.replace('10.0.0.1', `10.0.0.${id}`))).code).toBe(0);
    }
    writer.endInput();

    expect(await writer.ended, writer.errors).toBe(0);
    const { acknowledged, ...trouble } = JSON.parse(writer.output.replace('started\n', '')) as { acknowledged: number };
    expect(trouble).toEqual({ refused: [], missing: [] });
    expect(acknowledged).toBeGreaterThan(100);
  });

  test('a topic goes to a file, and from there to another topic', async () => {
    await type('kafka-lite-cluster topic create orders --partitions=3');
    await type("printf 'order-1:placed\\norder-1:paid\\n' | kafka-lite-cluster produce orders -K :");

    await play(played.backUp);

    const { stdout } = await type("kafka-lite-cluster consume restored -e -f '%p %k %v\\n'");
    expect(stdout).toBe('1 order-1 placed\n1 order-1 paid\n');
  });

  test('a disk is lost: the broker fetches what it had, and is made a voter again', async () => {
    brokers.get(3)!.signal('SIGKILL');
    await brokers.get(3)!.ended;
    rmSync(join(folder, 'disk-3'), { recursive: true });
    startBroker(3);
    await until(() => isWhole(3), { forMs: 60_000, tell: () => brokers.get(3)!.errors.slice(-2_000) });
    expect((await type('kafka-lite-cluster quorum add-voter 3')).stderr).toContain('Take that out first');

    await play(played.exchange, withoutIds);

    const { stdout } = await type('kafka-lite-cluster doctor');
    expect(stdout).toContain('Quorum: 3 voters, of which 1 may fail');
    // It counts: without another one the two go on.
    brokers.get(2)!.signal('SIGKILL');
    expect((await type('kafka-lite-cluster topic create after --replication-factor=1')).stdout).toContain('Created after');
    expect((await type("kafka-lite-cluster consume restored -e -f '%p %k %v\\n'")).stdout).toBe('1 order-1 placed\n1 order-1 paid\n');
  });
});

test.runIf(areDeploymentTestsWanted && !canMakeNamespaces)('three machines were not tried: they need Linux and its administrator', () => {
  expect(canMakeNamespaces).toBe(false);
});
