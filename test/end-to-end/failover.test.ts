import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runMain } from '#cli/testing.ts';
import { Cluster, eventually, type HttpAnswer, longestPauseMs } from './cluster.ts';

const ok = (body: string): HttpAnswer => ({ status: 200, body });
const offset = (value: number): HttpAnswer => ok(`{"offset":${value}}`);
const message = (at: number, text: string): HttpAnswer => ok(`{"offset":${at},"message":${JSON.stringify(text)}}`);

/** Until all brokers serve, and all replicas are in sync again: then any one may be killed. */
async function untilWhole(cluster: Cluster): Promise<void> {
  for (const id of cluster.ids) {
    await eventually(
      () => cluster.tryGet(id, '/readyz'),
      (answer) => answer?.status === 200 && JSON.parse(answer.body).trouble === null,
      60_000,
    );
  }
}

/** The answer, and that it came within what a failover may take. */
async function prompt(what: Promise<HttpAnswer>): Promise<HttpAnswer> {
  const start = performance.now();
  const answer = await what;
  expect(performance.now() - start).toBeLessThan(longestPauseMs());
  return answer;
}

async function command(...args: string[]): Promise<string> {
  const program = runMain(args);
  program.endInput();
  if ((await program.ended) !== 0) throw new Error(program.errors);
  return program.output;
}

/** What doctor finds that is not as it should be. */
async function diagnosis(address: string): Promise<string[]> {
  const program = runMain(['doctor', '--json', '-b', address]);
  program.endInput();
  expect(await program.ended, program.errors).toBe(1);
  const { findings } = JSON.parse(program.output) as { findings: { what: string; level: string; seen: string }[] };
  const wrong = findings.filter(({ level, what }) => level !== 'ok' && !what.startsWith('Disk'));
  return wrong.map(({ what, level, seen }) =>
    `${level} ${what.startsWith('Broker') ? what : `${what}: ${seen}`}`.replace(
      /(voter \d) (asked its leader last \d+ s ago|has never asked its leader)/g,
      '$1 is silent',
    ),
  );
}

describe('the quickstart with one broker of three killed', { timeout: 180_000 }, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start(3);
  }, 60_000);
  afterEach(async () => {
    for (const id of cluster.ids) if (!cluster.brokers.has(id)) await cluster.startBroker(id);
    await untilWhole(cluster);
  }, 120_000);
  afterAll(() => cluster.destroy());

  const victims = [1, 2, 3];
  /** The two that stay. */
  const others = (victim: number) => cluster.ids.filter((id) => id !== victim) as [number, number];

  /** Every partition takes a message and gives it back, by either broker. */
  async function works(topic: string, by: readonly [number, number], first: number): Promise<void> {
    for (const partition of [0, 1, 2]) {
      const text = `to ${partition}`;
      expect(await prompt(cluster.post(by[0], '/produce', { topic, partition, message: text }))).toEqual(offset(first));
      expect(await prompt(cluster.get(by[1], `/consume?topic=${topic}&partition=${partition}&offset=${first}`))).toEqual(
        message(first, text),
      );
    }
  }

  test.each(victims)('broker %i, before create-topic', async (victim) => {
    const topic = `before-${victim}`;
    await cluster.end(victim, 'SIGKILL');

    expect(await prompt(cluster.post(others(victim)[0], '/create-topic', { topic, partitions: 3 }))).toEqual(ok('{"status":"created"}'));
    await works(topic, others(victim), 0);
  });

  test.each(victims)('broker %i, between create-topic and produce', async (victim) => {
    const topic = `between-${victim}`;
    await cluster.post(victim, '/create-topic', { topic, partitions: 3 });
    await cluster.end(victim, 'SIGKILL');

    await works(topic, others(victim), 0);
  });

  test.each(
    victims,
  )('broker %i, during a stream of produces: no 504, and each message is there once, in its order (H1, H2)', async (victim) => {
    const topic = `stream-${victim}`;
    await cluster.post(victim, '/create-topic', { topic, partitions: 3 });
    const [producer, reader] = others(victim);
    let isDead = false;
    const counts = [0, 0, 0];
    const streams = [0, 1, 2].map(async (partition) => {
      // Some before the broker dies, some while it does, and some after.
      for (let after = 0; after < 10; after += isDead ? 1 : 0) {
        const at = counts[partition]!++;
        const sent = { topic, partition, message: `${partition}/${at}` };
        expect(await prompt(post(cluster.address(producer), '/produce', sent))).toEqual(offset(at));
      }
    });

    await eventually(
      async () => Math.min(...counts),
      (least) => least >= 5,
    );
    await cluster.end(victim, 'SIGKILL');
    isDead = true;
    await Promise.all(streams);

    for (const partition of [0, 1, 2]) {
      const count = counts[partition]!;
      for (let i = 0; i < count; i++) {
        const path = `/consume?topic=${topic}&partition=${partition}&offset=${i}`;
        expect(await get(cluster.address(reader), path)).toEqual(message(i, `${partition}/${i}`));
      }
      const end = `/consume?topic=${topic}&partition=${partition}&offset=${count}`;
      expect((await cluster.get(reader, end)).status).toBe(204);
    }
  });

  test.each(victims)('broker %i, during consume: what was acknowledged is never 204 (H4)', async (victim) => {
    const topic = `consume-${victim}`;
    await cluster.post(victim, '/create-topic', { topic, partitions: 3 });
    for (const partition of [0, 1, 2]) await cluster.post(victim, '/produce', { topic, partition, message: 'there' });
    const [reader] = others(victim);
    let isOver = false;
    const readers = [0, 1, 2].map(async (partition) => {
      const path = `/consume?topic=${topic}&partition=${partition}&offset=0`;
      for (let after = 0; after < 5; after += isOver ? 1 : 0)
        expect(await prompt(get(cluster.address(reader), path))).toEqual(message(0, 'there'));
    });

    await cluster.end(victim, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    isOver = true;

    await Promise.all(readers);
  });
});

describe('a leader that hangs', { timeout: 120_000 }, () => {
  let cluster: Cluster;

  afterEach(() => cluster.destroy());

  test('is replaced, and does not say afterwards that there is nothing where the next one has acknowledged more (H4)', async () => {
    cluster = await Cluster.start(3);
    await cluster.post(1, '/create-topic', { topic: 'test', partitions: 3 });
    await cluster.post(1, '/produce', { topic: 'test', partition: 0, message: 'before' });
    const hung = cluster.brokers.get(1)!;

    hung.signal('SIGSTOP');
    expect(await cluster.post(2, '/produce', { topic: 'test', partition: 0, message: 'after' })).toEqual(offset(1));
    const reading = Array.from({ length: 8 }, () => get(cluster.address(1), '/consume?topic=test&partition=0&offset=1'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    hung.signal('SIGCONT');

    // It was asked while it hung, and answers before it has heard of the other leader, or when it has.
    for (const answer of await Promise.all(reading)) expect(answer).toEqual(message(1, 'after'));
    expect(await cluster.get(3, '/consume?topic=test&partition=0&offset=0')).toEqual(message(0, 'before'));
  });
});

describe('when nobody can take over', { timeout: 120_000 }, () => {
  let cluster: Cluster;

  afterEach(() => cluster.destroy());

  test('produce to a partition whose only replica is down is 503, and works again when it is back', async () => {
    cluster = await Cluster.start(3);
    const server = `--meta=${cluster.address(1)}`;
    await command('topic', 'create', 'single', '--partitions=3', '--replication-factor=1', server);
    await cluster.end(2, 'SIGKILL');

    const answers = await Promise.all([
      fetch(`http://${cluster.address(1)}/produce`, { method: 'POST', body: '{"topic":"single","partition":1,"message":"x"}' }),
      fetch(`http://${cluster.address(3)}/consume?topic=single&partition=1&offset=0`),
    ]);

    for (const answer of answers) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(((await answer.json()) as { error: string }).error).toBe(
        'Partition single-1 has no leader: broker 2, which holds its only replica, is down. Nothing was done; try again.',
      );
    }
    expect(await command('topic', 'describe', 'single', server)).toMatch(/ {2}1 +none +2 +.*NO LEADER.*down: 2\n/);
    expect(await cluster.post(3, '/produce', { topic: 'single', partition: 0, message: 'others work' })).toEqual(offset(0));
    await cluster.startBroker(2);
    await cluster.untilReady();
    expect(await cluster.post(1, '/produce', { topic: 'single', partition: 1, message: 'x' })).toEqual(offset(0));
  });

  test('with two of three brokers killed writes end within their time and say why, nothing is lost or doubled, and all works again', async () => {
    cluster = await Cluster.start(3);
    await cluster.post(1, '/create-topic', { topic: 'test', partitions: 3 });
    for (const partition of [0, 1, 2]) await cluster.post(1, '/produce', { topic: 'test', partition, message: 'before' });
    await Promise.all([cluster.end(2, 'SIGKILL'), cluster.end(3, 'SIGKILL')]);

    const start = performance.now();
    const produce = (partition: number) =>
      fetch(`http://${cluster.address(1)}/produce`, {
        method: 'POST',
        body: JSON.stringify({ topic: 'test', partition, message: 'during' }),
      });
    const [own, second, third] = await Promise.all([produce(0), produce(1), produce(2)]);
    expect(performance.now() - start).toBeLessThan(25_000);

    // Broker 1 has appended what its partition was sent, and waits for others: that may still be committed.
    expect([own!.status, ((await own!.json()) as { code: string }).code]).toEqual([504, 'OUTCOME_UNKNOWN']);
    for (const answer of [second!, third!]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      // Whether the quorum's loss has been noticed by then is a matter of moments.
      expect(((await answer.json()) as { error: string }).error).toMatch(/a majority of its voters is down|Broker [23] .* does not answer/);
    }
    await eventually(
      async () => String(JSON.parse((await cluster.get(1, '/readyz')).body).trouble),
      (trouble) => trouble.includes('the cluster has no controller'),
    );

    await Promise.all([cluster.startBroker(2), cluster.startBroker(3)]);
    await untilWhole(cluster);
    // What was refused was never written, what was in doubt once at most.
    for (const partition of [1, 2])
      expect(await cluster.post(1, '/produce', { topic: 'test', partition, message: 'after' })).toEqual(offset(1));
    const { body } = await cluster.post(2, '/produce', { topic: 'test', partition: 0, message: 'after' });
    expect(['{"offset":1}', '{"offset":2}']).toContain(body);
    expect(await cluster.get(3, '/consume?topic=test&partition=0&offset=0')).toEqual(message(0, 'before'));
  });

  test('with two of the three replicas gone and a controller there, produce is 503 and names them', async () => {
    cluster = await Cluster.start(5);
    await cluster.post(4, '/create-topic', { topic: 'test', partitions: 1 });
    await cluster.post(4, '/produce', { topic: 'test', partition: 0, message: 'before' });
    await cluster.end(2, 'SIGKILL');
    await cluster.end(3, 'SIGKILL');
    await eventually(
      async () => JSON.parse((await cluster.get(4, '/readyz')).body).partitionsBelowMinIsr,
      (count) => count === 1,
    );

    const answer = await cluster.post(5, '/produce', { topic: 'test', partition: 0, message: 'x' });

    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toEqual({
      error:
        'Partition test-0 has too few replicas in sync: brokers 2 and 3 are down; 1 of its 3 replicas is in sync, and 2 are needed to write. Nothing was done; try again.',
      code: 'NOT_ENOUGH_REPLICAS',
    });
    expect(
      await eventually(
        () => diagnosis(cluster.address(4)),
        (lines) => lines.some((line) => /^warn Voters/.test(line)),
      ),
    ).toEqual([
      'fail Broker 2',
      'fail Broker 3',
      'warn Voters: voter 2 is silent, voter 3 is silent; when one more fails there is no majority',
      'fail Minimum in sync: test-0 with fewer replicas in sync than min.insync.replicas, so that writers with acks=all are refused',
    ]);
    await cluster.startBroker(2);
    const back = await eventually(
      () => cluster.post(5, '/produce', { topic: 'test', partition: 0, message: 'after' }),
      ({ status }) => status === 200,
    );
    expect(back).toEqual(offset(1));
  });
});

async function get(address: string, path: string): Promise<HttpAnswer> {
  const response = await fetch(`http://${address}${path}`);
  return { status: response.status, body: await response.text() };
}

async function post(address: string, path: string, body: object): Promise<HttpAnswer> {
  const response = await fetch(`http://${address}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: await response.text() };
}
