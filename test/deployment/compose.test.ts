import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { foreign } from '../clients/installed.ts';
import { run } from '../support/processes.ts';
import { composeSchema, readCompose, type Service } from './compose-file.ts';
import { areDeploymentTestsWanted } from './wanted.ts';

const root = join(import.meta.dirname, '..', '..');

describe.runIf(areDeploymentTestsWanted)('compose.yaml', { timeout: 180_000 }, () => {
  test('is what the Compose specification allows', async () => {
    // Fastify's validator.
    const require = createRequire(createRequire(join(root, 'package.json')).resolve('fastify'));
    const Ajv = require('ajv') as new (options: object) => { validate(schema: object, value: unknown): boolean; errors: unknown };
    const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
    const schema = await composeSchema();
    const file = await readCompose();

    expect([ajv.validate(schema, file), ajv.errors]).toEqual([true, null]);
    expect(ajv.validate(schema, { ...file, services: { broken: { ports: 'none' } } })).toBe(false);
  });

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
