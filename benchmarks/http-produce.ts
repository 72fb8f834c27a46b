import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { BrokerProcesses } from '../test/support/broker-processes.ts';
import { measured } from './program.ts';
import { usageOf } from './usage.ts';

const usage = `node benchmarks/http-produce.ts [--connections N] [--seconds N]
POST /produce with one message of 100 bytes a request over kept connections, each with one request under way: to the broker that leads the partition, and
to another one, which passes it on. Two brokers, one replica. Every answer must be a 200, and every message must have got an offset of its own.`;

const { values } = parseArgs({
  options: { connections: { type: 'string' }, seconds: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const connections = Number(values.connections ?? 64);
const seconds = Number(values.seconds ?? 5);
const topic = 'http';
const message = 'm'.repeat(100);

const { name: program, ...options } = measured;
console.log(program);
const cluster = await BrokerProcesses.start(2, { ...options, args: ['--config', 'default.replication.factor=1'] });
try {
  await call(cluster.url(1, '/create-topic'), { topic, partitions: 2 });
  const { topic_partitions } = (await (await fetch(cluster.url(1, '/metadata'))).json()) as {
    topic_partitions: Record<string, { partition: number; broker: string }[]>;
  };
  const leaderPort = Number(
    topic_partitions[topic]!.find(({ partition }) => partition === 0)!
      .broker.split(':')
      .at(-1),
  );
  const owner = cluster.ids.find((id) => cluster.port(id) === leaderPort)!;
  const other = cluster.ids.find((id) => id !== owner)!;
  const offsets = new Set<number>();
  for (const round of [1, 2]) {
    for (const [name, id] of [['owner', owner] as const, ['forwarded', other] as const]) {
      const pids = cluster.ids.map((each) => cluster.pid(each));
      const before = usageOf(pids).cpuSeconds;
      const { latencies, elapsed } = await load(cluster.port(id), offsets);
      const cpuPerRequest = ((usageOf(pids).cpuSeconds - before) / latencies.length) * 1e6;
      latencies.sort((a, b) => a - b);
      const p99 = latencies[Math.floor(latencies.length * 0.99)]!;
      console.log(
        `${name}, round ${round}: ${(latencies.length / elapsed).toFixed(0)} requests/s, p99 ${p99.toFixed(1)} ms, ${cpuPerRequest.toFixed(0)} us CPU per request in all brokers`,
      );
    }
  }
  console.log(`${offsets.size} messages, each with an offset of its own`);
} finally {
  await cluster.stop();
}

async function call(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`);
}

/** Keeps every connection busy for some seconds. */
async function load(port: number, offsets: Set<number>): Promise<{ latencies: number[]; elapsed: number }> {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1000;
  await Promise.all(Array.from({ length: connections }, () => converse(port, until, latencies, offsets)));
  return { latencies, elapsed: (performance.now() - started) / 1000 };
}

/** One connection: a request, its answer, the next request. Hand-made, so that the load takes less of the machine than what is measured. */
function converse(port: number, until: number, latencies: number[], offsets: Set<number>): Promise<void> {
  const body = JSON.stringify({ topic, partition: 0, message });
  const request = `POST /produce HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sent = 0;
    let received = '';
    const send = () => {
      sent = performance.now();
      socket.write(request);
    };
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('connect', send);
    socket.on('data', (text: string) => {
      received += text;
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < headEnd + 4 + length) return;
      const offset = /^\{"offset":(\d+)\}$/.exec(received.slice(headEnd + 4))?.[1];
      if (!received.startsWith('HTTP/1.1 200 ') || offset === undefined || offsets.has(Number(offset))) {
        socket.destroy();
        reject(new Error(`an answer that should not be: ${received}`));
        return;
      }
      offsets.add(Number(offset));
      latencies.push(performance.now() - sent);
      received = '';
      if (performance.now() < until) send();
      else socket.end();
    });
  });
}
