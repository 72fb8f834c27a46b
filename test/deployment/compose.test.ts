import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../support/processes.ts';
import { composeSchema, readCompose } from './compose-file.ts';
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

test.runIf(areDeploymentTestsWanted)('the systemd unit is one that systemd understands (where it is installed)', async () => {
  const unit = join(root, 'deploy', 'systemd', 'kafka-lite-cluster@.service');
  const ended = await run('systemd-analyze', ['verify', '--man=no', unit.replace('@.', '@1.'), unit]).catch(() => undefined);

  // It also looks for the command, which is not installed here.
  const complaints = (ended?.stderr ?? '')
    .split('\n')
    .filter((line) => line.includes('kafka-lite-cluster@') && !line.includes('is not executable'));
  expect(complaints).toEqual([]);
});
