import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { collect } from '../support/processes.ts';
import { foreign } from './installed.ts';

export const mainClasses = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  configs: 'kafka.admin.ConfigCommand',
  offsets: 'org.apache.kafka.tools.GetOffsetShell',
  producerPerf: 'org.apache.kafka.tools.ProducerPerformance',
  logDirs: 'org.apache.kafka.tools.LogDirsCommand',
  quorum: 'org.apache.kafka.tools.MetadataQuorumCommand',
  apiVersions: 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  deleteRecords: 'org.apache.kafka.tools.DeleteRecordsCommand',
  features: 'org.apache.kafka.tools.FeatureCommand',
  transactions: 'org.apache.kafka.tools.TransactionsCommand',
  reassign: 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  elections: 'org.apache.kafka.tools.LeaderElectionCommand',
  consumerGroups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  consoleConsumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  consoleProducer: 'org.apache.kafka.tools.ConsoleProducer',
  dumpLog: 'org.apache.kafka.tools.DumpLogSegments',
  verifiableProducer: 'org.apache.kafka.tools.VerifiableProducer',
  replicaVerification: 'org.apache.kafka.tools.ReplicaVerificationTool',
} as const;

export type KafkaToolName = keyof typeof mainClasses;

/** A tool in a JVM of its own: for those that go on until they are stopped. Needs `foreign.kafkaTools`. */
export function spawnKafkaTool(tool: KafkaToolName, args: readonly string[]): ChildProcess {
  const options = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
  return spawn('java', [...options, '-cp', `${foreign.kafkaTools}/*`, mainClasses[tool], ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What a tool left behind. */
export interface ToolRun {
  readonly code: number;
  /** Standard output and error, as they came. */
  readonly output: string;
}

/** Kafka's own command line tools, all in one JVM, one after the other. Needs `foreign.kafkaTools`. */
export class KafkaTools {
  readonly #child: ChildProcess;
  readonly #stderr: () => string;
  #received: Buffer[] = [];
  #waiting: { resolve(run: ToolRun): void; reject(error: Error): void } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    const options = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
    const source = join(import.meta.dirname, 'java', 'KafkaTools.java');
    this.#child = spawn('java', [...options, '-cp', `${foreign.kafkaTools}/*`, source], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#stderr = collect(this.#child, 'stderr');
    this.#child.stdin!.on('error', () => {}); // its end is told below
    this.#child.stdout!.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.once('close', (code) => {
      this.#waiting?.reject(new Error(`the JVM of Kafka's tools ended with ${code}\n${this.#stderr()}`));
    });
  }

  /** Runs a tool to its end. Calls wait for each other. */
  run(tool: KafkaToolName, args: readonly string[]): Promise<ToolRun> {
    const next = this.#last.then(
      () =>
        new Promise<ToolRun>((resolve, reject) => {
          if (this.#child.exitCode !== null) throw new Error(`the JVM of Kafka's tools is gone\n${this.#stderr()}`);
          this.#waiting = { resolve, reject };
          this.#child.stdin!.write(`${[mainClasses[tool], ...args].join('\u001f')}\n`);
        }),
    );
    this.#last = next.catch(() => {});
    return next;
  }

  /** The same, for a tool that must succeed. @returns what it printed */
  async succeed(tool: KafkaToolName, args: readonly string[]): Promise<string> {
    const { code, output } = await this.run(tool, args);
    if (code !== 0) throw new Error(`${tool} ${args.join(' ')} ended with ${code}\n${output}`);
    return output;
  }

  stop(): void {
    this.#child.stdin!.end();
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    // Most outputs come in one or two chunks; joining is only dear when an announced end is far away.
    const first = this.#received[0]!;
    const lineEnd = first.indexOf(10);
    if (lineEnd < 0 && this.#received.length === 1) return;
    const known = lineEnd < 0 ? Buffer.concat(this.#received) : first;
    const end = known.indexOf(10);
    if (end < 0) return;
    const [code, length] = known.toString('latin1', 0, end).split(' ').map(Number) as [number, number];
    const total = this.#received.reduce((sum, { length }) => sum + length, 0);
    if (total < end + 1 + length) return;
    const output = Buffer.concat(this.#received)
      .subarray(end + 1, end + 1 + length)
      .toString('utf8');
    this.#received = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ code, output });
  }
}
