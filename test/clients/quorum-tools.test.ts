import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';

/** A line of `describe --replication`. */
interface Replica {
  readonly id: string;
  readonly directoryId: string;
  readonly lag: number;
  readonly status: string;
}

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)(
  "kafka-metadata-quorum, Apache Kafka's tool for the voters",
  () => {
    let brokers: BrokerProcesses;
    let tools: KafkaTools;
    let directory: string;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'quorum-tools-'));
      tools = new KafkaTools();
      brokers = await BrokerProcesses.start(3);
    });
    afterAll(async () => {
      tools?.stop();
      await brokers?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const quorum = (...args: string[]) => tools.succeed('quorum', ['--bootstrap-server', brokers.bootstrap, ...args]);
    const refused = async (...args: string[]) => {
      const { code, output } = await tools.run('quorum', ['--bootstrap-server', brokers.bootstrap, ...args]);
      expect(code).toBe(1);
      return output;
    };
    const directoryOf = (id: number) =>
      /^directory\.id=(.+)$/m.exec(readFileSync(join(brokers.dataOf(id), 'meta.properties'), 'utf8'))![1]!;
    const remove = (id: number, directoryId = directoryOf(id)) => [
      'remove-controller',
      '--controller-id',
      String(id),
      '--controller-directory-id',
      directoryId,
    ];
    /** The tool reads who is to be added from a controller's own configuration, and its directory id from the data directory that this names. */
    const add = (id: number, ...more: string[]) => {
      const config = join(directory, `controller-${id}.properties`);
      const lines = [
        'process.roles=controller',
        `node.id=${id}`,
        `log.dirs=${brokers.dataOf(id)}`,
        'controller.listener.names=CONTROLLER',
        `listeners=CONTROLLER://localhost:${brokers.port(id)}`,
      ];
      writeFileSync(config, lines.join('\n'));
      return ['--command-config', config, 'add-controller', ...more];
    };
    const replicas = async (): Promise<Replica[]> => {
      const [, ...rows] = (await quorum('describe', '--replication')).trim().split('\n');
      return rows.map((row) => {
        const [id, directoryId, , lag, , , status] = row.split('\t').map((cell) => cell.trim());
        return { id: id!, directoryId: directoryId!, lag: Number(lag), status: status! };
      });
    };
    const leader = async () => Number(/^LeaderId: +(\d+)$/m.exec(await quorum('describe', '--status'))![1]);
    /** An observer that is no voter and has the whole log. */
    const untilObserver = async (directoryId: string) => {
      for (let attempt = 0; attempt < 100; attempt++) {
        if ((await replicas()).some((one) => one.directoryId === directoryId && one.status === 'Observer' && one.lag === 0)) return;
      }
      expect.fail(`${directoryId} does not become an observer: ${JSON.stringify(await replicas())}`);
    };

    test('describe: the status names leader, voters with their endpoints, and observers', async () => {
      const status = await quorum('describe', '--status');

      expect(status).toMatch(/^LeaderEpoch: +[1-9]\d*$/m);
      expect(status).toMatch(/^MaxFollowerLag: +\d+$/m);
      for (const id of brokers.ids) {
        expect(status).toContain(
          `{"id": ${id}, "directoryId": "${directoryOf(id)}", "endpoints": ["CONTROLLER://localhost:${brokers.port(id)}"]}`,
        );
      }
      expect(status).toMatch(/^CurrentObservers: +\[\]$/m);
      expect(await quorum('describe', '--replication', '--human-readable')).toMatch(/ ms ago/);
    });

    test('remove-controller and add-controller: a voter becomes an observer and a voter again', async () => {
      const id = (await leader()) === 3 ? 2 : 3;
      const status = async () => (await replicas()).find((one) => one.id === String(id))?.status;

      expect(await quorum(...remove(id))).toContain(`Removed  KRaft controller ${id} with directory id ${directoryOf(id)}`);
      expect(await status()).toBe('Observer');
      expect(await refused(...remove(id))).toContain('VoterNotFoundException');

      expect(await quorum(...add(id, '--dry-run'))).toContain(`DRY RUN of adding controller ${id}`);
      expect(await status()).toBe('Observer');
      expect(await quorum(...add(id))).toContain(`Added controller ${id} with directory id ${directoryOf(id)}`);
      expect(await status()).toBe('Follower');
      expect(await refused(...add(id))).toContain('DuplicateVoterException');
    });

    test('a leader that is removed gives its place to another one, and may come back as a voter', async () => {
      const old = await leader();

      await quorum(...remove(old));

      expect(await leader()).not.toBe(old);
      await untilObserver(directoryOf(old));
      await quorum(...add(old));
      expect((await replicas()).filter(({ status }) => status !== 'Observer')).toHaveLength(3);
    });

    test('with --bootstrap-controller any broker is asked, also one that does not lead', async () => {
      const id = (await leader()) === 2 ? 3 : 2;
      const through = ['--bootstrap-controller', `localhost:${brokers.port(id)}`];

      expect(await tools.succeed('quorum', [...through, 'describe', '--status'])).toMatch(/^LeaderId: +[123]$/m);
      await tools.succeed('quorum', [...through, ...remove(id)]);
      await tools.succeed('quorum', [...through, ...add(id)]);
      expect((await replicas()).find((one) => one.id === String(id))?.status).toBe('Follower');
    });

    test('replaced-disk: R2: a broker on an empty disk is an observer until the tool has exchanged the voter', async () => {
      const id = (await leader()) === 3 ? 2 : 3;
      const old = directoryOf(id);
      await brokers.kill(id);
      rmSync(brokers.dataOf(id), { recursive: true });
      brokers.startBroker(id);
      await brokers.ready();
      const fresh = directoryOf(id);
      await untilObserver(fresh);
      expect((await replicas()).filter((one) => one.id === String(id)).map(({ directoryId }) => directoryId)).toEqual([old, fresh]);

      expect(await refused(...add(id))).toContain('DuplicateVoterException');
      await quorum(...remove(id, old));
      await quorum(...add(id));

      // The leader remembers the old one as an observer for a while, as Kafka's does.
      const described = (await replicas()).filter((one) => one.id === String(id) && one.status !== 'Observer');
      expect(described).toMatchObject([{ directoryId: fresh, status: 'Follower' }]);
    });
  },
);
