/** Copies a topic between two clusters, breaking off on the way, and compares both ends by another client than ours. */
import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, FetchIsolationLevels } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { launcher } from '../../end-to-end/cluster.ts';

export const partitions = 6;
const recordsAtOnce = 5_000;
/** Young enough not to be deleted as too old. */
const firstTimestamp = Date.now() - 3_600_000;

function client(bootstrap: string): Kafka {
  return new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING });
}

/** Records as people have them: JSON and bytes, with and without keys and headers, and tombstones. The same for the same number. */
function recordOf(index: number) {
  const kind = index % 10;
  const id = `order-${(index * 7919) % 50_000}`;
  const json = JSON.stringify({
    id,
    amount: (index * 31) % 10_000,
    city: ['Köln', 'Zürich', 'Łódź'][index % 3],
    lines: [index, index + 1],
  });
  const digest = createHash('md5').update(String(index)).digest();
  return {
    partition: index % partitions,
    key: kind === 0 ? null : kind === 1 ? digest : kind === 2 ? '' : id,
    value: kind === 3 ? null : kind === 4 ? Buffer.concat([digest, digest]) : kind === 5 ? '' : json,
    timestamp: String(firstTimestamp + Math.floor(index / 3)),
    ...(kind % 3 === 0 ? { headers: { trace: digest, source: ['shop', 'web'], empty: '' } } : {}),
  };
}

/** Makes the topic and writes so many records to it. */
export async function fill(bootstrap: string, topic: string, count: number): Promise<void> {
  const admin = client(bootstrap).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
  await admin.disconnect();
  const producer = client(bootstrap).producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let from = 0; from < count; from += recordsAtOnce) {
    const messages = Array.from({ length: Math.min(recordsAtOnce, count - from) }, (_, index) => recordOf(from + index));
    await producer.send({ topic, messages, acks: -1 });
  }
  await producer.disconnect();
}

/** What a topic holds: how many records in each partition, and a checksum of them in their order. */
export interface Content {
  readonly counts: number[];
  readonly checksums: string[];
}

/** Reads committed records until there are so many, and a little longer, lest there are more. */
export async function contentOf(bootstrap: string, topic: string, count: number, forMs = Math.max(30_000, count / 5)): Promise<Content> {
  const hashes = Array.from({ length: partitions }, () => createHash('sha256'));
  const counts = hashes.map(() => 0);
  const consumer = client(bootstrap).consumer({ groupId: `reader-${topic}-${Date.now()}-${Math.random()}`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => {
      for (const { key, value, headers, timestamp } of batch.messages) {
        const hash = hashes[batch.partition]!;
        counts[batch.partition]! += 1;
        hash.update(timestamp);
        part(hash, key);
        part(hash, value);
        for (const [name, given] of Object.entries(headers ?? {})) {
          part(hash, Buffer.from(name));
          for (const each of Array.isArray(given) ? given : [given]) part(hash, each === undefined ? null : Buffer.from(each));
        }
      }
    },
  });
  const deadline = Date.now() + forMs;
  while (counts.reduce((sum, each) => sum + each) < count) {
    if (Date.now() > deadline) break;
    await sleep(100);
  }
  await sleep(1_500);
  await consumer.disconnect();
  return { counts, checksums: hashes.map((hash) => hash.digest('hex')) };
}

function part(hash: Hash, bytes: Buffer | null): void {
  hash.update(bytes === null ? 'null' : `${bytes.length}:`);
  if (bytes !== null) hash.update(bytes);
}

/** Offsets that a topic has had, those of open transactions among them; 0 while it does not exist. */
async function offsetsIn(admin: Admin, topic: string): Promise<number> {
  const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
  try {
    const told = await admin.listOffsets({
      topics: [{ name: topic, partitions: asked }],
      isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED,
    });
    return told.flatMap(({ partitions }) => partitions).reduce((sum, { offset }) => sum + Number(offset), 0);
  } catch {
    return 0;
  }
}

export type Way = 'topic copy' | 'consume | produce';

/** The command line of a copy. */
export function commandOf(way: Way, from: string, to: string, topic: string, as: string): string {
  const program = `"${process.execPath}" "${launcher}"`;
  if (way === 'topic copy') return `exec ${program} topic copy ${topic} ${as} -b ${from} --to ${to}`;
  return `${program} consume ${topic} -e -o ndjson -b ${from} | ${program} produce ${as} -i ndjson --keep-partitions --resume=copy-of-${topic} -b ${to}`;
}

export interface Run {
  readonly ms: number;
  readonly how: number | NodeJS.Signals | null;
  readonly said: string;
}

/** Runs it, and breaks it off when the target has grown by so many offsets: by Ctrl-C, which all of a pipe hear, or harder. */
export async function copyOnce(
  command: string,
  target: { bootstrap: string; topic: string },
  breakOff?: { signal: 'SIGINT' | 'SIGKILL'; afterOffsets: number },
): Promise<Run> {
  const admin = new Admin({ clientId: 'copying', bootstrapBrokers: target.bootstrap.split(','), retries: 0, metadataMaxAge: 0 });
  const before = breakOff === undefined ? 0 : await offsetsIn(admin, target.topic);
  const startedAt = performance.now();
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<Run>((resolve) =>
    child.on('close', (code, signal) => resolve({ ms: performance.now() - startedAt, how: code ?? signal, said })),
  );
  if (breakOff !== undefined) {
    while (child.exitCode === null && child.signalCode === null) {
      if ((await offsetsIn(admin, target.topic)) - before >= breakOff.afterOffsets) break;
      await sleep(10);
    }
    try {
      process.kill(-child.pid!, breakOff.signal);
    } catch {
      // It had come to its end by itself.
    }
  }
  await admin.close();
  return ended;
}
