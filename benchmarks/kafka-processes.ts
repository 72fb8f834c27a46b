import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foreign } from '../test/clients/installed.ts';
import { freePorts } from '../test/support/ports.ts';
import { collect, succeed } from '../test/support/processes.ts';

/** Real Apache Kafka brokers (combined KRaft nodes) on free ports: the rival in the same run. */
export class KafkaProcesses {
  readonly bootstrap: string;
  readonly #directory: string;
  readonly #children: ChildProcess[];

  private constructor(bootstrap: string, directory: string, children: ChildProcess[]) {
    this.bootstrap = bootstrap;
    this.#directory = directory;
    this.#children = children;
  }

  static async start(brokers: number, options: { heap?: string } = {}): Promise<KafkaProcesses> {
    const directory = mkdtempSync(join(tmpdir(), 'kafka-'));
    const ports = await freePorts(brokers * 2);
    const clientPort = (index: number) => ports[index * 2]!;
    const controllerPort = (index: number) => ports[index * 2 + 1]!;
    const nodes = Array.from({ length: brokers }, (_, index) => index);
    const voters = nodes.map((index) => `${index + 1}@127.0.0.1:${controllerPort(index)}`).join(',');
    const classpath = `${foreign.kafkaTools}/*`;
    const clusterId = (await succeed('java', ['-cp', classpath, 'kafka.tools.StorageTool', 'random-uuid'])).trim().split('\n').at(-1)!;
    const children: ChildProcess[] = [];
    for (const index of nodes) {
      const data = join(directory, String(index + 1));
      mkdirSync(data);
      const file = join(directory, `${index + 1}.properties`);
      const properties = {
        'process.roles': 'broker,controller',
        'node.id': index + 1,
        'controller.quorum.voters': voters,
        listeners: `PLAINTEXT://127.0.0.1:${clientPort(index)},CONTROLLER://127.0.0.1:${controllerPort(index)}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${clientPort(index)}`,
        'controller.listener.names': 'CONTROLLER',
        'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
        'log.dirs': data,
        'offsets.topic.replication.factor': 1,
        'group.initial.rebalance.delay.ms': 0,
      };
      writeFileSync(
        file,
        Object.entries(properties)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      await succeed('java', ['-cp', classpath, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file]);
      const heap = options.heap ?? '1g';
      children.push(
        spawn(
          'java',
          [`-Xms${heap}`, `-Xmx${heap}`, '-Dorg.slf4j.simpleLogger.defaultLogLevel=info', '-cp', classpath, 'kafka.Kafka', file],
          {
            stdio: ['ignore', 'ignore', 'pipe'],
          },
        ),
      );
    }
    const kafka = new KafkaProcesses(nodes.map((index) => `127.0.0.1:${clientPort(index)}`).join(','), directory, children);
    await Promise.all(children.map((child) => started(child)));
    return kafka;
  }

  get pids(): number[] {
    return this.#children.map(({ pid }) => pid!);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function started(child: ChildProcess): Promise<void> {
  const text = collect(child, 'stderr');
  const deadline = Date.now() + 60_000;
  while (!text().includes('Kafka Server started')) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Apache Kafka did not start\n${text().slice(-3000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
