import { Program } from '#cli/testing.ts';
import { type HttpAnswer, http } from '../end-to-end/cluster.ts';
import { freePorts } from '../support/ports.ts';

/** The answers that the contract promises to its own examples, in the order of {@link playContract}. */
export function promised(port: number): Record<string, HttpAnswer> {
  const owners = [0, 1, 2].map((partition) => `{"partition":${partition},"broker":"localhost:${port + partition}"}`);
  return {
    'create-topic': { status: 200, body: '{"status":"created"}' },
    'create-topic again': { status: 409, body: expectAnyBody },
    'list-topics': { status: 200, body: '{"topics":["test"]}' },
    metadata: { status: 200, body: `{"topic_partitions":{"test":[${owners.join(',')}]}}` },
    produce: { status: 200, body: '{"offset":0}' },
    consume: { status: 200, body: '{"offset":0,"message":"Hello"}' },
    'consume past the end': { status: 204, body: '' },
    producer: { status: 0, body: 'offset: 1' },
    consumer: { status: 0, body: '[Offset 1] Hello World' },
    stop: { status: 0, body: '' },
  };
}

/** An error's body explains itself, in words that may change. */
export const expectAnyBody = '(a sentence)';

/**
 * Plays the contract with three brokers that `up` starts, each request to another of them, and both interactive clients.
 * @param command what stands for `kafka-lite-cluster`
 */
export async function playContract(
  command: readonly [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<{ port: number; answers: Record<string, HttpAnswer> }> {
  const [port] = (await freePorts(3)) as [number];
  const [file, ...first] = command;
  const run = (...args: string[]) => new Program(file, [...first, ...args], options);
  const url = (broker: number) => `http://localhost:${port + broker}`;
  const up = run('up', '--count=3', `--port=${port}`);
  try {
    await up.until('3 brokers are ready.', { timeoutMs: 60_000 });
    const topic = '{"topic":"test","partitions":3}';
    const answers: Record<string, HttpAnswer> = {
      'create-topic': await http('POST', `${url(0)}/create-topic`, topic),
      'create-topic again': { ...(await http('POST', `${url(1)}/create-topic`, topic)), body: expectAnyBody },
      'list-topics': await http('GET', `${url(1)}/list-topics`),
      metadata: await http('GET', `${url(2)}/metadata`),
      produce: await http('POST', `${url(0)}/produce`, '{"topic":"test","partition":1,"message":"Hello"}'),
      consume: await http('GET', `${url(0)}/consume?topic=test&partition=1&offset=0`),
      'consume past the end': await http('GET', `${url(2)}/consume?topic=test&partition=1&offset=1`),
    };
    const producer = run('producer', `--meta=localhost:${port}`);
    producer.type('test\n1\nHello World\nexit\n');
    answers['producer'] = {
      status: Number(await producer.ended),
      body: producer.output.split('\n').find((line) => line.includes('offset: 1')) ?? '',
    };
    answers['producer'].body = answers['producer'].body.replace('> ', '');
    const consumer = run('consumer', `--meta=localhost:${port}`);
    consumer.type('test\n1\n');
    await consumer.until('[Offset 1] Hello World');
    consumer.signal('SIGINT');
    await consumer.ended;
    answers['consumer'] = { status: 0, body: '[Offset 1] Hello World' };
    up.signal('SIGINT');
    answers['stop'] = { status: Number(await up.ended), body: '' };
    return { port, answers };
  } finally {
    up.signal('SIGKILL');
  }
}
