import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '.cache');

/** The foreign programs, where they are installed. `npm run test:clients:install` gets those that are missing. */
export const foreign = {
  kcat: onPath('kcat'),
  kafkaTools: existsSync(join(cache, 'java', '.installed')) ? join(cache, 'java') : undefined,
  javaPrograms: existing(join(cache, 'java-programs')),
  python: existsSync(join(cache, 'python', '.installed')) ? join(cache, 'python', 'bin', 'python') : undefined,
  franz: existing(join(cache, 'go', 'franz')),
  franzTransactions: existing(join(cache, 'go', 'franz-transactions')),
  sarama: existing(join(cache, 'go', 'sarama')),
  zsh: onPath('zsh'),
  fish: onPath('fish'),
  prometheus: onPath('prometheus') ?? existing(join(cache, 'prometheus', 'usr', 'bin', 'prometheus')),
} as const;

/** They take minutes, so `npm test` does without them; `npm run test:clients` asks for them. */
export const areForeignClientsWanted = ['quick', 'all', 'long'].includes(process.env['CLIENTS'] ?? '');

/** Those that kill brokers under every client in turn, or run everything beside Apache Kafka, double the time: `npm run test:clients:quick` does without them. */
export const areThoroughTestsWanted = ['all', 'long'].includes(process.env['CLIENTS'] ?? '');

/** Those that take a minute each: `npm run test:clients:long`. */
export const areLongTestsWanted = process.env['CLIENTS'] === 'long';

export type Foreign = keyof typeof foreign;

const whatItIs: Record<Foreign, string> = {
  kcat: 'kcat (librdkafka)',
  kafkaTools: "Apache Kafka's own tools",
  javaPrograms: "programs for Apache Kafka's clients",
  python: 'aiokafka and confluent-kafka (Python)',
  franz: 'franz-go',
  franzTransactions: 'franz-go with transactions',
  sarama: 'sarama',
  zsh: 'zsh',
  fish: 'fish',
  prometheus: 'Prometheus and promtool',
};

/** One line per program that a run does without, and how to include it. */
export function leftOut(): string[] {
  const all = Object.keys(foreign) as Foreign[];
  const missing = all.filter((name) => foreign[name] === undefined);
  const lines = missing.map((name) => `left out: ${whatItIs[name]}. To install it: npm run test:clients:install`);
  if (!areForeignClientsWanted && missing.length < all.length) {
    const installed = all.filter((name) => foreign[name] !== undefined).map((name) => whatItIs[name]);
    lines.push(`left out, though installed: ${installed.join(', ')}. To run with them: npm run test:clients`);
  }
  return lines;
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

function onPath(command: string): string | undefined {
  return spawnSync(command, ['-V'], { stdio: 'ignore' }).error === undefined ? command : undefined;
}
