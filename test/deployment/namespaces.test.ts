import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { migratedCompose, parseCompose, readCompose } from './compose-file.ts';
import { buildImage, type Image, nodeUser } from './dockerfile.ts';
import { type Container, Wire } from './namespaces.ts';
import { areDeploymentTestsWanted, canMakeNamespaces } from './wanted.ts';

const names = ['kafka-1', 'kafka-2', 'kafka-3'];
const program = (file: string) => join(import.meta.dirname, file);

describe.runIf(areDeploymentTestsWanted && canMakeNamespaces)(
  'the image and the cluster of compose.yaml, as network namespaces',
  { timeout: 240_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-lite-deployment-'));
    const containers = new Map<string, Container>();
    let image: Image;
    let wire: Wire | undefined;

    beforeAll(async () => {
      image = await buildImage(folder);
      wire = await Wire.lay([...names, 'client', 'host', 'kafka', 'topics'], folder);
      const { services } = await readCompose();
      for (const name of names) containers.set(name, await wire.container(name, image, services[name]!.environment!));
    }, 600_000);

    afterAll(async () => {
      await wire?.close();
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    /** By curl, from the namespace that no broker is in. */
    async function curl(...args: string[]): Promise<string> {
      const { stdout } = await wire!.run('client', 'curl', ['-sS', '--max-time', '40', '-w', ' %{http_code}', ...args]);
      return stdout.trim();
    }

    async function kafkajs(from: string, brokers: string, text: string, topic = 'test'): Promise<{ seen: string[]; read: string[] }> {
      const ended = await wire!.run(from, process.execPath, [program('kafkajs-round-trip.mjs'), brokers, topic, '3', text]);
      expect(ended.code, ended.stderr).toBe(0);
      return JSON.parse(ended.stdout) as { seen: string[]; read: string[] };
    }

    test('the image has the bundle and no sources, no npm, and a data directory of its user', () => {
      const at = (path: string) => join(image.layer, path);

      expect(existsSync(at('opt/kafka-lite-cluster/dist/main.js'))).toBe(true);
      expect(['opt/kafka-lite-cluster/src', 'opt/kafka-lite-cluster/node_modules', 'build'].filter((path) => existsSync(at(path)))).toEqual(
        [],
      );
      expect([image.user, image.volumes, statSync(at('data')).uid]).toEqual(['node', ['/data'], nodeUser]);
    });

    test('every broker becomes healthy', async () => {
      for (const container of containers.values()) {
        await until(() => container.isHealthy(), { forMs: 90_000, tell: () => `${container.program.output}${container.program.errors}` });
        expect(container.program.errors).toContain('there is no authentication yet');
      }
    });

    test('plays the contract by host name', async () => {
      const owners = names.map((name, partition) => `{"partition":${partition},"broker":"${name}:9092"}`);

      expect(await curl('-X', 'POST', 'kafka-1:9092/create-topic', '-d', '{"topic":"test","partitions":3}')).toBe(
        '{"status":"created"} 200',
      );
      expect(await curl('kafka-2:9092/list-topics')).toBe('{"topics":["test"]} 200');
      expect(await curl('kafka-3:9092/metadata')).toBe(`{"topic_partitions":{"test":[${owners.join(',')}]}} 200`);
      expect(await curl('-X', 'POST', 'kafka-1:9092/produce', '-d', '{"topic":"test","partition":1,"message":"Hello"}')).toBe(
        '{"offset":0} 200',
      );
      expect(await curl('kafka-3:9092/consume?topic=test&partition=1&offset=0')).toBe('{"offset":0,"message":"Hello"} 200');
      expect(await curl('kafka-3:9092/consume?topic=test&partition=1&offset=1')).toBe('204');
    });

    test('kafkajs finds all brokers by their names within the network, and by their ports from outside', async () => {
      const within = await kafkajs('client', 'kafka-2:9092', 'within');
      expect(within).toEqual({ seen: names.map((name) => `${name}:9092`), read: ['within-0', 'within-1', 'within-2'] });

      const maps = names.map((name, index) => `${8081 + index}=${wire!.address(name)}:${8081 + index}`);
      wire!.start('host', process.execPath, [program('port-map.mjs'), ...maps]);
      await until(async () => (await wire!.run('host', 'curl', ['-sS', 'localhost:8081/readyz'])).code === 0, { forMs: 20_000 });
      const outside = await kafkajs('host', 'localhost:8081', 'outside');
      expect(outside).toEqual({
        seen: names.map((_, index) => `localhost:${8081 + index}`),
        read: ['outside-0', 'outside-1', 'outside-2'],
      });
    });

    test('a broker is cut off: the others go on without it; the plug is put back: it catches up', async () => {
      await wire!.cut('kafka-3');

      expect(await curl('-X', 'POST', 'kafka-1:9092/produce', '-d', '{"topic":"test","partition":2,"message":"without 3"}')).toMatch(
        /^\{"offset":\d+\} 200$/,
      );
      expect(JSON.stringify(await kafkajs('client', 'kafka-1:9092', 'cut'))).toContain('cut-2');
      await until(async () => (await curl('kafka-1:9092/readyz')).includes('"brokersOutOfService":[3]'), { forMs: 60_000 });

      await wire!.mend('kafka-3');

      const isWhole = async () => /"trouble":null.*"partitionsUnderReplicated":0/.test(await curl('kafka-1:9092/readyz'));
      await until(isWhole, { forMs: 90_000, tell: () => containers.get('kafka-3')!.program.errors.slice(-2_000) });
      await until(() => containers.get('kafka-3')!.isHealthy(), { forMs: 30_000 });
      expect(JSON.stringify(await kafkajs('client', 'kafka-3:9092', 'whole'))).toContain('whole-2');
    });

    test('brokers of several machines that were told nothing of addresses find each other, and clients find them', async () => {
      const peers = names.map((name) => `${name}:7000`).join(',');
      const untold = new Map<string, Container>();
      for (const [index, name] of names.entries()) {
        const environment = {
          KAFKA_NODE_ID: String(index + 1),
          KAFKA_LISTENERS: 'PLAINTEXT://:7000',
          KAFKA_CONTROLLER_QUORUM_BOOTSTRAP_SERVERS: peers,
        };
        untold.set(name, await wire!.container(name, image, environment));
      }
      for (const container of untold.values())
        await until(() => container.isHealthy(), { forMs: 90_000, tell: () => container.program.errors });
      expect(await curl('-X', 'POST', 'kafka-1:7000/create-topic', '-d', '{"topic":"test","partitions":3}')).toBe(
        '{"status":"created"} 200',
      );

      expect(await kafkajs('client', 'kafka-2:7000', 'untold')).toEqual({
        seen: names.map((name) => `${wire!.address(name)}:7000`),
        read: ['untold-0', 'untold-1', 'untold-2'],
      });
      for (const container of untold.values()) container.program.signal('SIGTERM');
      for (const container of untold.values()) expect(await container.program.ended).toBe(0);
    });

    test('a Compose file for Apache Kafka goes on as the page of migration shows, also the second time', async () => {
      const { kafka, topics } = (await parseCompose(migratedCompose())).services;
      const broker = await wire!.container('kafka', image, kafka!.environment!);
      await until(() => broker.isHealthy(), { forMs: 90_000, tell: () => broker.program.errors });
      expect(broker.program.errors).toMatch(/^note: CLUSTER_ID: without effect here/m);

      const said: string[] = [];
      for (const _ of ['the first time', 'the second']) {
        const container = await wire!.container('topics', { ...image, command: topics!.command!.split(' ') }, {});
        expect(await container.program.ended, container.program.errors).toBe(0);
        said.push(container.program.output);
      }

      expect(said).toEqual(['Created orders with 3 partitions and 1 replica each.\n', 'orders is there already.\n']);
      expect(await kafkajs('client', 'kafka:19092', 'migrated', 'orders')).toEqual({
        seen: ['kafka:19092'],
        read: ['migrated-0', 'migrated-1', 'migrated-2'],
      });
    });

    test('SIGTERM ends a container in good order, and a new one goes on with its volume', async () => {
      const container = containers.get('kafka-2')!;
      container.program.signal('SIGTERM');
      expect(await container.program.ended).toBe(0);

      container.start();

      await until(() => container.isHealthy(), { forMs: 60_000, tell: () => container.program.errors });
      expect(await curl('kafka-2:9092/consume?topic=test&partition=1&offset=0')).toBe('{"offset":0,"message":"Hello"} 200');
    });
  },
);

test.runIf(areDeploymentTestsWanted && !canMakeNamespaces)('namespaces were not tried: they need Linux and its administrator', () => {
  expect(canMakeNamespaces).toBe(false);
});
