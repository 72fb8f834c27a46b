import { beforeEach, describe, expect, test } from 'vitest';
import { FakeCluster } from '#client/testing.ts';
import { NetworkError, NodeClock, silentLogger } from '#platform';
import { allApis } from '#protocol';
import { createHttpDoor, type HttpDoor } from './door.ts';
import { FakeRouter } from './testing.ts';

let cluster: FakeCluster;
let router: FakeRouter;
let door: HttpDoor;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.addTopic('orders', 2);
  router = new FakeRouter();
  router.intercept = ({ api, request, to }) => {
    const known = [...allApis.values()].find(({ name }) => name === api)!;
    return cluster.send(to === 'local' ? (asksAnyone.has(api) ? 'anyone' : router.nodeId) : (to as number), known, request as never);
  };
  door = createHttpDoor({
    router,
    clock: new NodeClock(),
    log: silentLogger,
    readyWaitMs: 10,
    patience: { leaderMs: 300, outcomeMs: 600 },
  });
});

const asksAnyone = new Set(['Metadata', 'FindCoordinator']);

function write(partition: number, ageMs: number, count = 1): void {
  const timestamp = BigInt(Date.now() - ageMs);
  cluster.append('orders', partition, { records: Array.from({ length: count }, () => ({ value: Buffer.from('x'), timestamp })) });
}

async function ask(method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, payload?: object) {
  const answer = await door.inject({ method, url, ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }) });
  return { status: answer.statusCode, body: answer.json() as Record<string, unknown>, headers: answer.headers };
}

describe('groups', () => {
  test('are listed, described and deleted', async () => {
    cluster.offsets.set('readers', new Map());
    cluster.members.set('writers', ['alice']);
    router.intercept = withGroups(['readers', 'writers']);

    expect(await ask('GET', '/groups')).toMatchObject({
      status: 200,
      body: {
        groups: [
          { group: 'readers', type: 'classic', state: 'Empty', members: 0, coordinator: 1, protocol: 'consumer' },
          { group: 'writers', type: 'classic', state: 'Stable', members: 1, coordinator: 1 },
        ],
      },
    });
    expect(await ask('GET', '/groups/writers')).toMatchObject({
      status: 200,
      body: {
        group: 'writers',
        state: 'Stable',
        assignor: 'range',
        members: [{ member: 'alice', client: 'client-of-alice', host: '127.0.0.1' }],
      },
    });
    expect(await ask('DELETE', '/groups/readers')).toMatchObject({ status: 200, body: { status: 'deleted' } });
    expect(await ask('GET', '/groups/readers')).toMatchObject({ status: 404, body: { code: 'GROUP_ID_NOT_FOUND' } });
    expect(await ask('DELETE', '/groups/readers')).toMatchObject({ status: 404, body: { code: 'GROUP_ID_NOT_FOUND' } });
  });

  test('with members are not deleted, and the answer names them', async () => {
    cluster.members.set('writers', ['alice']);

    const { status, body } = await ask('DELETE', '/groups/writers');

    expect([status, body['code']]).toEqual([409, 'NON_EMPTY_GROUP']);
    expect(body['error']).toMatch(
      /^Group writers has 1 member: alice \(client client-of-alice at 127\.0\.0\.1\)\. It cannot be deleted before/,
    );
  });

  test('may have any name', async () => {
    cluster.offsets.set('a/b c?', new Map());

    expect(await ask('GET', `/groups/${encodeURIComponent('a/b c?')}`)).toMatchObject({ status: 200, body: { group: 'a/b c?' } });
    expect(await ask('GET', `/groups/${'x'.repeat(1_000)}`)).toMatchObject({ status: 404, body: { code: 'GROUP_ID_NOT_FOUND' } });
    expect((await ask('GET', `/groups/${'x'.repeat(1_001)}`)).status).toBe(414);
    expect(await ask('GET', '/groups/%zz')).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect(await ask('GET', '/groups/')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  test('know their methods', async () => {
    expect(await ask('POST', '/groups/readers/offsets', {})).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, PUT, DELETE' },
    });
    expect(await ask('GET', '/groups/readers/offsets/reset')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

/** The fake cluster lists no groups by itself. */
function withGroups(names: readonly string[]): NonNullable<FakeRouter['intercept']> {
  const plain = router.intercept!;
  return (sent) => {
    if (sent.api !== 'ListGroups') return plain(sent);
    const isCoordinator = sent.to === 'local' || sent.to === 1;
    const groups = names.map((groupId) => ({
      groupId,
      protocolType: 'consumer',
      groupState: cluster.members.has(groupId) ? 'Stable' : 'Empty',
      groupType: 'Classic',
    }));
    return { errorCode: 'NONE', groups: isCoordinator ? groups : [] };
  };
}

describe('GET offsets', () => {
  test('tells how far the group has come and how far behind it is, in records and in seconds', async () => {
    write(0, 60_000, 3);
    write(0, 20_000, 2);
    write(1, 5_000);
    cluster.offsets.set(
      'readers',
      new Map([
        ['orders-0', 3n],
        ['orders-1', 1n],
      ]),
    );

    const before = Date.now();
    const { status, body } = await ask('GET', '/groups/readers/offsets');

    expect(status).toBe(200);
    expect(body).toMatchObject({
      group: 'readers',
      state: 'Empty',
      lag: 2,
      offsets: [
        { topic: 'orders', partition: 0, currentOffset: 3, logEndOffset: 5, lag: 2, member: null },
        { topic: 'orders', partition: 1, currentOffset: 1, logEndOffset: 1, lag: 0, lagSeconds: 0 },
      ],
    });
    expect(body['lagSeconds']).toBeGreaterThanOrEqual(20);
    expect(body['lagSeconds']).toBeLessThanOrEqual(20 + (Date.now() - before + 100) / 1000);
  });

  test('keeps all digits of an offset', async () => {
    cluster.offsets.set('readers', new Map([['orders-0', 9007199254740993n]]));

    const { body } = await door.inject('/groups/readers/offsets');

    expect(body).toContain('"currentOffset":9007199254740993,');
  });

  test('of a group that is not there is 404', async () => {
    expect(await ask('GET', '/groups/nobody/offsets')).toMatchObject({ status: 404, body: { code: 'GROUP_ID_NOT_FOUND' } });
  });
});

describe('PUT offsets', () => {
  const put = (...offsets: object[]) => ask('PUT', '/groups/readers/offsets', { offsets });

  test('commits them, and makes a group that was not there', async () => {
    expect(
      await put({ topic: 'orders', partition: 0, offset: 7 }, { topic: 'orders', partition: 1, offset: 0, metadata: 'why' }),
    ).toMatchObject({
      status: 200,
      body: { status: 'committed' },
    });
    expect(cluster.offsets.get('readers')).toEqual(
      new Map([
        ['orders-0', 7n],
        ['orders-1', 0n],
      ]),
    );
    expect(cluster.sent.find(({ api }) => api === 'OffsetCommit')!.request).toMatchObject({
      memberId: '',
      generationIdOrMemberEpoch: -1,
      topics: [{ partitions: [{ committedMetadata: '' }, { committedMetadata: 'why' }] }],
    });
  });

  test('is refused while the group has members, with their names', async () => {
    cluster.members.set('readers', ['alice', 'bob']);

    expect(await put({ topic: 'orders', partition: 0, offset: 7 })).toMatchObject({
      status: 409,
      body: { code: 'NON_EMPTY_GROUP', error: expect.stringContaining('has 2 members: alice') },
    });
    expect(cluster.offsets.has('readers')).toBe(false);
  });

  test('where one of the partitions is not there commits none', async () => {
    expect(await put({ topic: 'orders', partition: 0, offset: 7 }, { topic: 'orders', partition: 2, offset: 7 })).toMatchObject({
      status: 404,
      body: { code: 'UNKNOWN_TOPIC_OR_PARTITION' },
    });
    expect(cluster.offsets.has('readers')).toBe(false);
  });

  test('of which the outcome is not known is 504', async () => {
    const plain = router.intercept!;
    router.intercept = (sent) => {
      if (sent.api === 'OffsetCommit') throw new NetworkError('ECONNRESET', 'reset');
      return plain(sent);
    };

    expect(await put({ topic: 'orders', partition: 0, offset: 7 })).toMatchObject({ status: 504, body: { code: 'OUTCOME_UNKNOWN' } });
  });

  test('goes on with the next coordinator when the first dies', async () => {
    const plain = router.intercept!;
    let dead = 2;
    router.intercept = (sent) => {
      if (sent.api === 'OffsetCommit' && dead-- > 0) throw new NetworkError(dead === 1 ? 'ECONNRESET' : 'ECONNREFUSED', 'gone');
      return plain(sent);
    };

    expect((await put({ topic: 'orders', partition: 0, offset: 7 })).status).toBe(200);
  });

  test('without a coordinator is 503, and may be tried again', async () => {
    const plain = router.intercept!;
    router.intercept = (sent) =>
      sent.api === 'FindCoordinator'
        ? {
            coordinators: [
              { key: 'readers', nodeId: -1, host: '', port: -1, errorCode: 'COORDINATOR_NOT_AVAILABLE', errorMessage: 'nobody leads' },
            ],
          }
        : plain(sent);

    expect(await put({ topic: 'orders', partition: 0, offset: 7 })).toMatchObject({
      status: 503,
      body: { code: 'COORDINATOR_NOT_AVAILABLE', error: 'Nobody leads.' },
      headers: { 'retry-after': '1' },
    });
  });

  test.each([
    [{}, '"offsets" is missing'],
    [{ offsets: [] }, '"offsets" is empty'],
    [{ offsets: [7] }, '"offsets[0]" must be an object, not a number'],
    [{ offsets: [{ topic: 'orders', partition: 0 }] }, '"offset" is missing'],
    [{ offsets: [{ topic: 'orders', partition: 0, offset: -1 }] }, '"offset" must be 0 or more'],
    [{ offsets: [{ topic: 'orders', partition: -1, offset: 0 }] }, '"partition" must be 0 or more'],
    [{ offsets: [{ topic: 'orders', partition: 0, offset: 0, metadata: 7 }] }, '"metadata" must be a string'],
    [
      {
        offsets: [
          { topic: 'orders', partition: 0, offset: 0 },
          { topic: 'orders', partition: 0, offset: 1 },
        ],
      },
      'names a partition twice',
    ],
  ])('with %j is 400', async (body, error) => {
    expect(await ask('PUT', '/groups/readers/offsets', body)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining(error) },
    });
  });
});

describe('POST offsets/reset', () => {
  const reset = (body: object) => ask('POST', '/groups/readers/offsets/reset', body);

  beforeEach(() => {
    write(0, 3_600_000, 5);
    write(0, 60_000, 5);
    cluster.offsets.set('readers', new Map([['orders-0', 4n]]));
  });

  test.each([
    [{ to: 'earliest' }, 0],
    [{ to: 'latest' }, 10],
    [{ to: 'current' }, 4],
    [{ toOffset: 7 }, 7],
    [{ toOffset: 70 }, 10],
    [{ shiftBy: -3 }, 1],
    [{ byDuration: 'PT30M' }, 5],
    [{ toDatetime: '2020-01-01T00:00:00.000+01:00' }, 0],
  ])('%j would lead to %d, and changes nothing', async (target, newOffset) => {
    expect(await reset({ topics: [{ topic: 'orders', partitions: [0] }], ...target })).toMatchObject({
      status: 200,
      body: { group: 'readers', dryRun: true, offsets: [{ topic: 'orders', partition: 0, currentOffset: 4, newOffset }] },
    });
    expect(cluster.offsets.get('readers')).toEqual(new Map([['orders-0', 4n]]));
  });

  test('without a dry run it is done', async () => {
    expect(await reset({ topics: ['orders'], to: 'latest', dryRun: false })).toMatchObject({ status: 200, body: { dryRun: false } });
    expect(cluster.offsets.get('readers')).toEqual(
      new Map([
        ['orders-0', 10n],
        ['orders-1', 0n],
      ]),
    );

    await reset({ allTopics: true, shiftBy: -1, dryRun: false, topics: undefined }).then(({ status, body }) =>
      expect([status, (body['offsets'] as unknown[]).length]).toEqual([200, 2]),
    );
    await reset({ offsets: [{ topic: 'orders', partition: 0, offset: 2 }], dryRun: false });
    expect(cluster.offsets.get('readers')).toEqual(
      new Map([
        ['orders-0', 2n],
        ['orders-1', 0n],
      ]),
    );
  });

  test('of a group with members is refused, as a dry run too', async () => {
    cluster.members.set('readers', ['alice']);

    expect(await reset({ topics: ['orders'], to: 'latest' })).toMatchObject({ status: 409, body: { code: 'NON_EMPTY_GROUP' } });
    expect(await reset({ topics: ['orders'], to: 'latest', dryRun: false })).toMatchObject({ status: 409 });
  });

  test.each([
    [{ topics: ['orders'] }, 'by one of "to"'],
    [{ topics: ['orders'], to: 'latest', shiftBy: 1 }, 'by one of "to"'],
    [{ topics: ['orders'], to: 'soon' }, '"to" must be "earliest", "latest" or "current"'],
    [{ to: 'latest' }, 'Name what is to be reset'],
    [{ to: 'latest', topics: ['orders'], allTopics: true }, 'Name what is to be reset'],
    [{ to: 'latest', topics: [] }, '"topics" is empty'],
    [{ to: 'latest', topics: [7] }, '"topics[0]" must be an object'],
    [{ to: 'latest', topics: [{ topic: 'orders' }] }, '"partitions" is missing'],
    [{ to: 'latest', topics: ['orders'], dryRun: 'no' }, '"dryRun" must be true or false, not a string'],
    [{ topics: ['orders'], toDatetime: 'yesterday' }, '"toDatetime" must be a date and a time'],
    [{ topics: ['orders'], byDuration: '1h' }, '"byDuration" must be written PnDTnHnMnS'],
    [{ topics: ['orders'], offsets: [{ topic: 'orders', partition: 0, offset: 1 }] }, 'leave "topics" and "allTopics" out'],
    [{ topics: ['orders'], shiftBy: 1 }, 'orders-1 cannot be shifted'],
  ])('%j is 400', async (body, error) => {
    expect(await reset(body)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST', error: expect.stringContaining(error) } });
  });

  test('of a topic that is not there is 404', async () => {
    expect(await reset({ topics: ['nope'], to: 'latest' })).toMatchObject({ status: 404, body: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } });
  });
});

describe('DELETE offsets', () => {
  test.each([
    { errorCode: 'NONE', partitionError: 'NONE', status: 200, code: undefined },
    { errorCode: 'NONE', partitionError: 'GROUP_SUBSCRIBED_TO_TOPIC', status: 409, code: 'GROUP_SUBSCRIBED_TO_TOPIC' },
    { errorCode: 'NON_EMPTY_GROUP', partitionError: 'NONE', status: 409, code: 'NON_EMPTY_GROUP' },
    { errorCode: 'GROUP_ID_NOT_FOUND', partitionError: 'NONE', status: 404, code: 'GROUP_ID_NOT_FOUND' },
  ])('that is answered with $errorCode and $partitionError is $status', async ({ errorCode, partitionError, status, code }) => {
    const plain = router.intercept!;
    let asked: unknown;
    router.intercept = (sent) => {
      if (sent.api !== 'OffsetDelete') return plain(sent);
      asked = sent.request;
      return { errorCode, topics: [{ name: 'orders', partitions: [{ partitionIndex: 1, errorCode: partitionError }] }] };
    };

    const answer = await ask('DELETE', '/groups/readers/offsets?topic=orders&partition=1');

    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(asked).toEqual({ groupId: 'readers', topics: [{ name: 'orders', partitions: [{ partitionIndex: 1 }] }] });
  });

  test('needs a topic that is there', async () => {
    expect((await ask('DELETE', '/groups/readers/offsets')).status).toBe(400);
    expect((await ask('DELETE', '/groups/readers/offsets?topic=nope')).status).toBe(404);
  });
});

test('before the cluster is ready the answer is 503', async () => {
  router.ready = false;

  expect(await ask('GET', '/groups')).toMatchObject({ status: 503, body: { code: 'NOT_READY' } });
});
