import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foreign } from '../clients/installed.ts';
import { run, succeed } from '../support/processes.ts';
import { buildComposeReader, hasGo, migratedCompose, type Project, readCompose, type Service } from './compose-file.ts';
import { areDeploymentTestsWanted } from './wanted.ts';

const root = join(import.meta.dirname, '..', '..');

describe.runIf(areDeploymentTestsWanted)('compose.yaml', { timeout: 180_000 }, () => {
  test('mounts files that are there, and volumes that it names', async () => {
    const { services, volumes } = await readCompose();
    const sources = Object.values(services).flatMap((service) => (service.volumes ?? []).map((volume) => volume.split(':')[0]!));

    expect(sources.filter((source) => (source.startsWith('.') ? !existsSync(join(root, source)) : !(source in volumes)))).toEqual([]);
    expect(sources.length).toBeGreaterThan(6);
  });

  test('has Prometheus scrape every broker by a name and port at which it listens', async () => {
    const { services } = await readCompose();
    const brokers = Object.entries(services).filter(([, { build }]) => build !== undefined);
    const addresses = brokers.map(([name, { environment }]) => `${name}:${/INSIDE:\/\/:(\d+)/.exec(environment!['KAFKA_LISTENERS']!)![1]}`);
    const targets = readFileSync(join(root, 'deploy', 'compose', 'targets.yml'), 'utf8');

    expect(addresses).toEqual(['kafka-1:9092', 'kafka-2:9092', 'kafka-3:9092']);
    expect([...targets.matchAll(/'([^']+:\d+)'/g)].map(([, target]) => target)).toEqual(addresses);
  });
});

describe.runIf(areDeploymentTestsWanted && hasGo)(
  'compose-go, by which docker compose reads its files (skipped without Go)',
  { timeout: 330_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-lite-compose-'));
    let reader: string;
    beforeAll(async () => {
      reader = await buildComposeReader(folder);
    }, 330_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('takes compose.yaml, and understands it as we do', async () => {
      const { services } = JSON.parse(await succeed(reader, [join(root, 'compose.yaml')])) as Project;
      const ours = (await readCompose()).services;

      const environments = (of: Readonly<Record<string, { environment?: object }>>) =>
        Object.fromEntries(Object.entries(of).map(([name, { environment }]) => [name, environment]));
      expect(environments(services)).toEqual(environments(ours));
      for (const { build, ports = [], volumes = [] } of Object.values(services)) {
        if (build !== undefined) expect(existsSync(join(build.context, build.dockerfile))).toBe(true);
        for (const { host_ip } of ports) expect(host_ip).toBe('127.0.0.1');
        for (const { type, source, read_only } of volumes)
          if (type === 'bind') expect([source, existsSync(source), read_only]).toEqual([source, true, true]);
      }
      expect(
        Object.values(services)
          .flatMap(({ ports = [] }) => ports.map(({ published }) => published))
          .sort(),
      ).toEqual(['3000', '8081', '8082', '8083', '9090']);
    });

    test('takes the file that the page of migration shows', async () => {
      const file = join(folder, 'migrated.yaml');
      writeFileSync(file, migratedCompose());

      expect(Object.keys((JSON.parse(await succeed(reader, [file])) as Project).services)).toEqual(['kafka', 'topics']);
    });

    test.each([
      { what: 'a key that is none', change: (text: string) => text.replace('restart:', 'restrat:'), says: 'restrat' },
      { what: 'a port that is none', change: (text: string) => text.replace("'127.0.0.1:8081:8081'", 'none'), says: 'none' },
      { what: 'a volume that nobody names', change: (text: string) => text.replace('  data-1:\n', ''), says: 'data-1' },
      { what: 'a service that is not there', change: (text: string) => text.replace('[prometheus]', '[prometeus]'), says: 'prometeus' },
    ])('would not take $what', async ({ change, says }) => {
      const file = join(folder, 'compose.yaml');
      writeFileSync(file, change(readFileSync(join(root, 'compose.yaml'), 'utf8')));

      expect(await run(reader, [file])).toMatchObject({ code: 1, stderr: expect.stringContaining(says) });
    });
  },
);

test.runIf(areDeploymentTestsWanted && foreign.prometheus !== undefined)(
  "Prometheus takes its files as compose.yaml mounts them, and Grafana's are where it looks (skipped without Prometheus)",
  { timeout: 60_000 },
  async () => {
    const { prometheus, grafana } = (await readCompose()).services as Record<'prometheus' | 'grafana', Service>;
    const folder = mkdtempSync(join(tmpdir(), 'kafka-lite-prometheus-'));
    try {
      for (const [source, target] of mounts(prometheus)) cpSync(join(root, source), join(folder, target), { recursive: true });
      const promtool = join(dirname(foreign.prometheus!), 'promtool');
      const ended = await run(promtool, ['check', 'config', join(folder, 'etc', 'prometheus', 'prometheus.yml')]);
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 rule files found[\s\S]*\d+ rules found/) });
      expect(existsSync(join(folder, 'etc', 'prometheus', 'targets.yml'))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const provider = readFileSync(join(root, 'deploy', 'grafana', 'provisioning', 'dashboards', 'kafka-lite-cluster.yml'), 'utf8');
    expect(mounts(grafana).map(([, target]) => target)).toEqual(['/etc/grafana/provisioning', /path: (\S+)/.exec(provider)![1]]);
  },
);

/** Of files of this repository: where they are, and where the container sees them. */
function mounts({ volumes = [] }: Service): [source: string, target: string][] {
  return volumes.filter((volume) => volume.startsWith('.')).map((volume) => volume.split(':') as [string, string]);
}

test.runIf(areDeploymentTestsWanted)('the systemd unit is one that systemd understands (where it is installed)', async () => {
  const unit = join(root, 'deploy', 'systemd', 'kafka-lite-cluster@.service');
  const ended = await run('systemd-analyze', ['verify', '--man=no', unit.replace('@.', '@1.'), unit]).catch(() => undefined);

  // It also looks for the command, which is not installed here.
  const complaints = (ended?.stderr ?? '')
    .split('\n')
    .filter((line) => line.includes('kafka-lite-cluster@') && !line.includes('is not executable'));
  expect(complaints).toEqual([]);
});
