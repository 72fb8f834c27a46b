import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { foreign } from '../clients/installed.ts';
import { collect } from '../support/processes.ts';
import type { ReadRecord } from './check-history.ts';

/** What Kafka's producer was told about one record. */
export interface Acknowledgement {
  readonly partition: number;
  readonly offset: bigint;
  readonly value: string;
}

/**
 * Kafka's own idempotent producer (its VerifiableProducer), which numbers its records and prints each acknowledgement. It goes on by itself
 * while brokers are killed and started again. Needs `foreign.kafkaTools`.
 */
export class KafkasProducer {
  readonly #child: ChildProcess;
  readonly #stdout: () => string;
  readonly #stderr: () => string;

  constructor(options: { bootstrap: string; topic: string; recordsPerSecond: number; configFile: string }) {
    writeFileSync(options.configFile, 'enable.idempotence=true\nretries=2147483647\ndelivery.timeout.ms=600000\nlinger.ms=2\n');
    const jvm = ['-Xmx256m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${foreign.kafkaTools}/*`];
    const { bootstrap, topic, recordsPerSecond, configFile } = options;
    const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--acks', '-1', '--throughput', String(recordsPerSecond)];
    this.#child = spawn('java', [...jvm, 'org.apache.kafka.tools.VerifiableProducer', ...args, '--command-config', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#stdout = collect(this.#child, 'stdout');
    this.#stderr = collect(this.#child, 'stderr');
  }

  /** Ends it, after it has got the answers it waits for. @throws when it ended by itself, or met an error that it does not try again */
  async stop(): Promise<Acknowledgement[]> {
    if (this.#child.exitCode !== null)
      throw new Error(`Kafka's producer ended with ${this.#child.exitCode}\n${this.#stdout().slice(-1000)}\n${this.#stderr()}`);
    this.#child.kill('SIGTERM');
    await once(this.#child, 'close');
    const lines = this.#stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; partition: number; offset: number; value: string });
    const failed = lines.filter(({ name }) => name === 'producer_send_error');
    if (failed.length > 0) throw new Error(`Kafka's producer gave up ${failed.length} records, first ${JSON.stringify(failed[0])}`);
    return lines
      .filter(({ name }) => name === 'producer_send_success')
      .map(({ partition, offset, value }) => ({ partition, offset: BigInt(offset), value }));
  }
}

/**
 * What is wrong with a partition, seen from what Kafka's producer was told: every acknowledged record is at its offset, nothing is there
 * twice, and the numbers rise.
 */
export function checkAcknowledgements(partition: number, acknowledged: readonly Acknowledgement[], log: readonly ReadRecord[]): string[] {
  const problems: string[] = [];
  const values = new Map(log.map(({ offset, value }) => [offset, value]));
  for (const { offset, value } of acknowledged.filter((each) => each.partition === partition)) {
    const found = values.get(offset);
    if (found !== value)
      problems.push(`Kafka's producer was told that ${value} is at ${partition}/${offset}; there is ${found ?? 'nothing'}`);
  }
  for (const [index, { offset, value }] of log.entries()) {
    const before = log[index - 1];
    if (before !== undefined && Number(value) <= Number(before.value)) {
      problems.push(`Kafka's producer: ${value} at ${partition}/${offset} comes after ${before.value}`);
    }
  }
  return problems.slice(0, 100);
}
