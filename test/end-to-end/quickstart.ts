/**
 * Plays the contract's quickstart on three brokers and prints each step: `npm run quickstart`. Ends with 0 when every answer is the contract's.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { Program } from '#cli/testing.ts';
import { freePorts } from '../support/ports.ts';
import { eventually, http, runCommand, temporaryDirectory } from './cluster.ts';

const ports = await freePorts(3);
const addresses = ports.map((port) => `localhost:${port}`);
const directory = temporaryDirectory();
const programs: Program[] = [];

try {
  await play();
  console.log('\nThe quickstart works.');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const program of programs) program.signal('SIGTERM');
  await Promise.all(programs.map(({ ended }) => ended));
  rmSync(directory, { recursive: true, force: true });
}

async function play(): Promise<void> {
  for (const [index, port] of ports.entries()) {
    const peers = addresses.filter((_, other) => other !== index);
    const broker = command('broker', `--id=${index + 1}`, `--port=${port}`, `--peers=${peers.join(',')}`);
    await broker.until(`Broker ${index + 1} running on :${port}\n`);
    console.log(broker.output.trimEnd());
  }

  await step('POST', 0, '/create-topic', '{"topic":"test","partitions":3}', 200, '{"status":"created"}');
  await step('GET', 1, '/list-topics', undefined, 200, '{"topics":["test"]}');
  const owners = addresses.map((broker, partition) => `{"partition":${partition},"broker":"${broker}"}`).join(',');
  await step('GET', 2, '/metadata', undefined, 200, `{"topic_partitions":{"test":[${owners}]}}`);
  await step('POST', 0, '/produce', '{"topic":"test","partition":1,"message":"Hello"}', 200, '{"offset":0}');
  await step('GET', 2, '/consume?topic=test&partition=1&offset=0', undefined, 200, '{"offset":0,"message":"Hello"}');
  await step('GET', 0, '/consume?topic=test&partition=1&offset=1', undefined, 204, '');

  const producer = command('producer', `--meta=${addresses[0]}`);
  producer.type('test\n2\nHello World\nAnother message\nexit\n');
  assert.equal(await producer.ended, 0, producer.errors);
  console.log(producer.output);
  assert.match(producer.output, /> offset: 0\n> offset: 1\n> $/);

  const consumer = command('consumer', `--meta=${addresses[1]}`);
  consumer.type('test\n2\n');
  await consumer.until('[Offset 0] Hello World\n[Offset 1] Another message\n');
  consumer.signal('SIGINT');
  assert.equal(await consumer.ended, 130);
  console.log(consumer.output);
}

function command(...args: string[]): Program {
  console.log(`\n$ kafka-lite-cluster ${args.join(' ')}`);
  const program = runCommand(args, { cwd: directory });
  programs.push(program);
  return program;
}

async function step(
  method: 'GET' | 'POST',
  broker: number,
  path: string,
  body: string | undefined,
  status: number,
  expected: string,
): Promise<void> {
  const url = `http://${addresses[broker]}${path}`;
  console.log(`\n$ curl ${body === undefined ? '' : `-d '${body}' `}'${url}'`);
  // A broker says that it runs before the others have come; until there is a cluster it answers 503.
  const answer = await eventually(
    () => http(method, url, body),
    (seen) => seen.status !== 503,
  );
  console.log(`${answer.status} ${answer.body}`);
  assert.deepEqual(answer, { status, body: expected });
}
