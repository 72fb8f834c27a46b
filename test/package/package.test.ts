import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shownIn } from '../support/console-block.ts';
import { blocksOf } from '../support/pages.ts';
import { run, succeed } from '../support/processes.ts';
import { playContract, promised } from './contract.ts';
import { arePackageTestsWanted } from './wanted.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'kafka-lite-package-'));
/** The package as `npm pack` writes it. */
let tarball = '';
/** An empty folder into which nothing but the tarball was installed. */
const installed = join(folder, 'empty');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(arePackageTestsWanted)('the package that npm pack makes', { timeout: 300_000 }, () => {
  beforeAll(async () => {
    const packed = await succeed('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, timeoutMs: 200_000 });
    tarball = join(folder, packed.trim().split('\n').at(-1)!);
    mkdirSync(installed);
    writeFileSync(join(installed, 'package.json'), '{"private":true,"type":"module"}');
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional'];
    await succeed('npm', ['install', ...flags, tarball], { cwd: installed, timeoutMs: 200_000 });
  }, 400_000);

  test('is what its manifest says, as publint sees it', async () => {
    const { messages } = await publint({ pkgDir: join(installed, 'node_modules', 'kafka-lite-cluster'), pack: false, strict: true });

    expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([]);
  });

  test('brings no other package with it, no script that runs on install, no tests, and the licences of what it contains', () => {
    const modules = readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.'));
    const own = join(installed, 'node_modules', 'kafka-lite-cluster');
    const { scripts } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const files = readdirSync(own, { recursive: true, encoding: 'utf8' });

    expect(modules).toEqual(['kafka-lite-cluster']);
    expect(Object.keys(scripts).filter((name) => /install|^prepare$/.test(name) && !name.includes(':'))).toEqual([]);
    expect(files.filter((name) => /\.test\.|(^|\/)testing\./.test(name))).toEqual([]);
    expect(readFileSync(join(own, 'dist', 'THIRD-PARTY-LICENSES.md'), 'utf8')).toMatch(/fastify[\s\S]*prom-client/);
  });

  test('its entry points start a cluster and are typed', async () => {
    const program = `import { startCluster } from 'kafka-lite-cluster';
const cluster = await startCluster({ brokers: 1, topics: { orders: 1 } });
await cluster.produce('orders', 'paid');
const [record] = await cluster.records('orders', { n: 1 });
console.log(String(record?.value));
await cluster.close();
`;
    writeFileSync(join(installed, 'use.ts'), program);
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const types = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--typeRoots',
      join(root, 'node_modules', '@types'),
      '--types',
      'node',
    ];

    expect(await run(tsc, [...types, 'use.ts'], { cwd: installed, timeoutMs: 120_000 })).toMatchObject({ code: 0, stdout: '' });
    expect((await succeed(process.execPath, ['use.ts'], { cwd: installed })).trim()).toBe('paid');
  });

  describe('as getting started shows it, in an empty folder', () => {
    const blocks = ['README.md', 'docs/getting-started.md'].flatMap(blocksOf);
    const [install, runTests, installGlobally] = blocks
      .filter(({ note }) => note === 'run by test/package/package.test.ts')
      .map(({ code }) => shownIn(code)[0]!);
    const directory = join(folder, 'started');
    /** What a line of the page does, with the tarball in place of the package's name. */
    const type = (command: string, env: NodeJS.ProcessEnv = {}) =>
      succeed('bash', ['-c', command.replace(/(?<=npm i .*)kafka-lite-cluster/, tarball)], { cwd: directory, env, timeoutMs: 200_000 });

    test("its test and the README's pass on the first run, beside vitest and kafkajs", async () => {
      mkdirSync(directory);
      writeFileSync(join(directory, 'package.json'), '{"private":true,"type":"module"}');
      await type(`${install!.command} --ignore-scripts --no-audit --no-fund`);
      const snippets = blocks.filter(({ language }) => language === 'ts');
      for (const { page, code } of snippets)
        writeFileSync(join(directory, page === 'README.md' ? 'readme.test.ts' : 'orders.test.ts'), code);
      // Not as a part of this run of tests.
      const env = { NODE_ENV: 'test', NO_COLOR: '1', VITEST: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined };

      const printed = await type(runTests!.command, env);

      expect(snippets).toHaveLength(2);
      expect(printed).toContain(runTests!.prints.trim());
      expect(printed).toMatch(/Tests +2 passed \(2\)/);
    });

    test('npm i -g puts the command on the path', async () => {
      const prefix = join(folder, 'global');
      const env = { npm_config_prefix: prefix, PATH: `${join(prefix, 'bin')}:${process.env['PATH']}` };
      await type(`${installGlobally!.command} --ignore-scripts --no-audit --no-fund`, env);

      expect(await type('command -v kafka-lite-cluster && kafka-lite-cluster --version', env)).toMatch(
        new RegExp(`^${join(prefix, 'bin', 'kafka-lite-cluster')}\n\\d+\\.\\d+\\.\\d+`),
      );
    });
  });

  test('a Node that is too old is told so', async () => {
    const launcher = join(installed, 'node_modules', 'kafka-lite-cluster', 'kafka-lite-cluster');
    const script = `Object.defineProperty(process.versions, 'node', { value: '20.18.0' }); await import(${JSON.stringify(launcher)});`;
    const ended = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: installed });

    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('needs Node 22.19 or later')]);
  });

  test.each([
    'kafka-lite-cluster',
    'kafka-lite-cluster/node-test',
  ])('a Node that is too old is told so by an import of %s', async (entry) => {
    const bin = await nodeOf('20');
    if (bin === undefined) {
      console.log('Node 20 cannot be installed from the registry here: not tried');
      return;
    }

    const ended = await run(join(bin, 'node'), ['--input-type=module', '-e', `await import('${entry}')`], { cwd: installed });

    expect([ended.code, ended.stderr]).toEqual([
      1,
      expect.stringContaining('kafka-lite-cluster needs Node 22.19 or later and this is v20.'),
    ]);
  });

  test.each(['22', '24', '26'])('plays the contract on Node %s, by npx in an empty folder', async (major) => {
    const bin = await nodeOf(major);
    if (bin === undefined) {
      console.log(`Node ${major} cannot be installed from the registry here: not tried`);
      return;
    }
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    expect(await succeed('node', ['--version'], { env })).toMatch(new RegExp(`^v${major}\\.`));
    const npx = join(installed, 'node_modules', '.bin', 'kafka-lite-cluster');
    const { port, answers } = await playContract([npx], { cwd: mkdtempSync(join(folder, 'data-')), env });

    expect(answers).toEqual(promised(port));
    expect(await succeed('npx', ['--no-install', 'kafka-lite-cluster', '--version'], { cwd: installed, env })).toMatch(/^\d+\.\d+\.\d+/);
  });
});

/** The folder with a node of that version, from npm's package of Node; undefined where the registry gives none. */
async function nodeOf(major: string): Promise<string | undefined> {
  const directory = join(folder, `node-${major}`);
  const platform = `node-bin-${process.platform}-${process.arch}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  const ended = await run('npm', ['install', '--no-audit', '--no-fund', `node@${major}`], { cwd: directory, timeoutMs: 200_000 });
  if (ended.code !== 0) return undefined;
  for (const bin of [join(directory, 'node_modules', 'node', 'bin'), join(directory, 'node_modules', platform, 'bin')]) {
    const found = await run(join(bin, 'node'), ['--version']).catch(() => undefined);
    if (found?.code === 0) return bin;
  }
  return undefined;
}
