import { beforeEach, describe, expect, test } from 'vitest';
import { NetworkError, NodeClock, silentLogger, sleep } from '#platform';
import { buildRecordBatch, KafkaError } from '#protocol';
import { createHttpDoor, type HttpDoor } from './door.ts';
import { FakeRouter } from './testing.ts';

let router: FakeRouter;
let door: HttpDoor;

beforeEach(() => {
  router = new FakeRouter();
  door = createHttpDoor({
    router,
    clock: new NodeClock(),
    log: silentLogger,
    readyWaitMs: 10,
    patience: { leaderMs: 120, outcomeMs: 240 },
  });
});

async function post(url: string, payload: string | Buffer | object, headers: Record<string, string> = {}) {
  const body = typeof payload === 'object' && !Buffer.isBuffer(payload) ? JSON.stringify(payload) : payload;
  return door.inject({ method: 'POST', url, payload: body, headers });
}

describe('POST /create-topic', () => {
  test('creates a topic and says so in exactly these words', async () => {
    const answer = await post('/create-topic', { topic: 'test', partitions: 3 });

    expect([answer.statusCode, answer.body]).toEqual([200, '{"status":"created"}']);
    expect(router.image.topics.byName('test')?.partitions).toHaveLength(3);
  });

  test('goes to the controller and leaves the replication factor to it', async () => {
    await post('/create-topic', { topic: 'test', partitions: 3 });

    expect(router.sent).toMatchObject([{ api: 'CreateTopics', to: 'controller', request: { topics: [{ replicationFactor: -1 }] } }]);
  });

  test('answers 409 for a topic that exists, and changes nothing of it', async () => {
    router.addTopic('test', 3);

    const answer = await post('/create-topic', { topic: 'test', partitions: 5 });

    expect(answer.statusCode).toBe(409);
    expect(router.image.topics.byName('test')?.partitions).toHaveLength(3);
  });

  test.each([
    { body: { topic: '', partitions: 1 }, because: 'the name is empty' },
    { body: { topic: 'a/b', partitions: 1 }, because: 'the name is not allowed' },
    { body: { topic: 'a', partitions: 0 }, because: 'there are no partitions' },
    { body: { topic: 'a', partitions: -1 }, because: 'partitions are negative' },
    { body: { topic: 'a', partitions: 1.5 }, because: 'half a partition is none' },
    { body: { topic: 'a', partitions: '1' }, because: 'a string is no number' },
    { body: { topic: 'a', partitions: 2 ** 31 }, because: 'no topic has that many' },
    { body: { topic: 'a' }, because: 'partitions is missing' },
    { body: { partitions: 1 }, because: 'topic is missing' },
    { body: { topic: 7, partitions: 1 }, because: 'a number is no name' },
  ])('answers 400 when $because', async ({ body }) => {
    const answer = await post('/create-topic', body);

    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatch(/\.$/);
  });

  test('looks for the controller again while the one asked is none', async () => {
    let asked = 0;
    router.intercept = () => (asked++ === 0 ? { topics: [{ name: 'test', errorCode: 'NOT_CONTROLLER', errorMessage: null }] } : undefined);

    const answer = await post('/create-topic', { topic: 'test', partitions: 1 });

    expect([answer.statusCode, asked]).toEqual([200, 2]);
  });

  test('asks the next controller for the same when the connection to the first breaks', async () => {
    router.intercept = () => {
      router.intercept = undefined;
      throw new NetworkError('ECONNRESET', 'reset');
    };

    expect((await post('/create-topic', { topic: 'test', partitions: 1 })).body).toBe('{"status":"created"}');
    expect(router.sent).toHaveLength(2);
  });

  test('asks the next controller for the same when the first lives, and ceased to be one before the topic was known everywhere', async () => {
    router.intercept = ({ api }) => {
      if (api !== 'CreateTopics') return undefined;
      router.intercept = undefined;
      router.addTopic('test', 2);
      return { topics: [{ name: 'test', errorCode: 'REQUEST_TIMED_OUT', errorMessage: 'the controller ceased to be that' }] };
    };

    expect((await post('/create-topic', { topic: 'test', partitions: 2 })).body).toBe('{"status":"created"}');
  });

  test('has made the topic when it is there afterwards, as it was asked for, and every live broker has it', async () => {
    let unaware = 2;
    router.down = [2];
    router.intercept = ({ api, to }) => {
      if (api === 'Metadata')
        return to === 3 && unaware-- > 0 ? { topics: [{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] }] } : undefined;
      if (router.image.topics.byName('test') !== undefined) return undefined;
      router.addTopic('test', 4);
      throw new NetworkError('ECONNRESET', 'reset');
    };

    expect((await post('/create-topic', { topic: 'test', partitions: 4 })).body).toBe('{"status":"created"}');
    expect(unaware).toBe(-1);
    expect(router.sent.map(({ to }) => to)).not.toContain(2);
  });

  test('claims no topic that has another number of partitions, or that was there before', async () => {
    router.intercept = () => {
      router.intercept = undefined;
      router.addTopic('test', 1);
      throw new NetworkError('ECONNRESET', 'reset');
    };
    const other = await post('/create-topic', { topic: 'test', partitions: 2 });
    router.intercept = () => {
      router.intercept = undefined;
      throw new NetworkError('ECONNRESET', 'reset');
    };
    const older = await post('/create-topic', { topic: 'test', partitions: 1 });

    expect([other.statusCode, other.json().code]).toEqual([504, 'OUTCOME_UNKNOWN']);
    expect(other.json().error).toContain('"test" exists now');
    expect(older.statusCode).toBe(409);
  });

  test('says that the outcome is unknown when the connection to the controller breaks each time', async () => {
    router.intercept = () => {
      throw new NetworkError('ECONNRESET', 'reset');
    };

    const answer = await post('/create-topic', { topic: 'test', partitions: 1 });

    expect([answer.statusCode, answer.json().code]).toEqual([504, 'OUTCOME_UNKNOWN']);
  });

  test('takes __proto__ as a name like any other', async () => {
    expect((await post('/create-topic', { topic: '__proto__', partitions: 1 })).statusCode).toBe(200);
    expect((await post('/produce', { topic: '__proto__', partition: 0, message: 'x' })).body).toBe('{"offset":0}');
    expect((await door.inject('/metadata')).body).toBe('{"topic_partitions":{"__proto__":[{"partition":0,"broker":"localhost:8080"}]}}');
  });
});

describe('GET /list-topics and GET /metadata', () => {
  test('show nothing in an empty cluster', async () => {
    expect((await door.inject('/list-topics')).body).toBe('{"topics":[]}');
    expect((await door.inject('/metadata')).body).toBe('{"topic_partitions":{}}');
  });

  test('list-topics is sorted and leaves internal topics out', async () => {
    for (const name of ['b', 'a', '__consumer_offsets', '10', '9']) router.addTopic(name, 1);

    expect((await door.inject('/list-topics')).body).toBe('{"topics":["10","9","a","b"]}');
  });

  test('metadata names the owner of each partition as in the contract', async () => {
    router.addTopic('test', 3);

    expect((await door.inject('/metadata')).body).toBe(
      '{"topic_partitions":{"test":[{"partition":0,"broker":"localhost:8080"},{"partition":1,"broker":"localhost:8081"},{"partition":2,"broker":"localhost:8082"}]}}',
    );
  });

  test('metadata names the first replica of a partition that has no leader', async () => {
    router.addTopic('test', 2);
    router.moveLeader('test', 1, -1);

    expect((await door.inject('/metadata')).json().topic_partitions.test[1]).toEqual({ partition: 1, broker: 'localhost:8081' });
  });
});

describe('POST /produce', () => {
  beforeEach(() => {
    router.addTopic('test', 3);
  });

  test('answers with the offset, counted per partition', async () => {
    expect((await post('/produce', { topic: 'test', partition: 1, message: 'Hello' })).body).toBe('{"offset":0}');
    expect((await post('/produce', { topic: 'test', partition: 1, message: 'again' })).body).toBe('{"offset":1}');
    expect((await post('/produce', { topic: 'test', partition: 0, message: 'Hello' })).body).toBe('{"offset":0}');
  });

  test('goes to the leader with acks=all', async () => {
    await post('/produce', { topic: 'test', partition: 2, message: 'Hello' });

    expect(router.sent).toMatchObject([{ api: 'Produce', to: 3, request: { acks: -1, transactionalId: null } }]);
  });

  test('runs on this broker when it leads the partition', async () => {
    await post('/produce', { topic: 'test', partition: 0, message: 'Hello' });

    expect(router.sent[0]?.to).toBe('local');
  });

  test.each([
    { body: { topic: 'nope', partition: 0, message: 'x' }, because: 'the topic' },
    { body: { topic: 'test', partition: 3, message: 'x' }, because: 'the partition' },
    { body: { topic: 'test', partition: -1, message: 'x' }, because: 'a negative partition' },
  ])('answers 404 when $because is unknown', async ({ body }) => {
    expect((await post('/produce', body)).statusCode).toBe(404);
  });

  test.each([
    { body: '', error: 'empty' },
    { body: 'topic=test', error: 'not JSON' },
    { body: '{"topic":"test"', error: 'not JSON' },
    { body: '[]', error: 'an array' },
    { body: 'null', error: 'null' },
    { body: '"x"', error: 'a string' },
    { body: '{"topic":"test","partition":"0","message":"x"}', error: '"partition" must be a whole number, not a string' },
    { body: '{"topic":"test","partition":0.5,"message":"x"}', error: '"partition" must be a whole number, not 0.5' },
    { body: '{"topic":"test","partition":9007199254740993,"message":"x"}', error: '"partition" is beyond 2^53 - 1' },
    { body: '{"topic":"test","partition":0}', error: '"message" is missing' },
    { body: '{"topic":"test","partition":0,"message":null}', error: '"message" must be a string, not null' },
    { body: '{"topic":"test","partition":0,"message":{"a":1}}', error: '"message" must be a string, not an object' },
    { body: '{"topic":"test","partition":0,"message":"\\ud800"}', error: 'surrogate' },
    { body: `{"topic":"test","partition":0,"message":"x","deep":${'['.repeat(40)}${']'.repeat(40)}}`, error: '32 levels' },
  ])('answers 400 to $body', async ({ body, error }) => {
    const answer = await post('/produce', body);

    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toContain(error);
  });

  test('answers 400 to a body that is not UTF-8', async () => {
    const answer = await post('/produce', Buffer.from('{"topic":"test","partition":0,"message":"\xff"}', 'latin1'));

    expect(answer.statusCode).toBe(400);
  });

  test('answers 413 to a body beyond the limit', async () => {
    const answer = await post('/produce', { topic: 'test', partition: 0, message: 'x'.repeat(5 * 1024 * 1024) });

    expect([answer.statusCode, answer.json().code]).toEqual([413, 'MESSAGE_TOO_LARGE']);
  });

  test.each([
    '',
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
  ])('reads JSON under the content type "%s"', async (contentType) => {
    const headers: Record<string, string> = contentType === '' ? {} : { 'content-type': contentType };

    expect((await post('/produce', '{"topic":"test","partition":0,"message":"x"}', headers)).body).toBe('{"offset":0}');
  });

  test.each([
    { text: '', because: 'empty' },
    { text: '0', because: 'a digit' },
    { text: 'grüße, 世界 🎉', because: 'beyond ASCII' },
    { text: 'a\u0000b\n"c"\\', because: 'in need of escapes' },
    { text: ' '.repeat(200_000), because: 'long' },
  ])('keeps a message that is $because', async ({ text }) => {
    await post('/produce', { topic: 'test', partition: 0, message: text });

    const answer = await door.inject('/consume?topic=test&partition=0&offset=0');

    expect(answer.json()).toEqual({ offset: 0, message: text });
  });

  test('ignores keys that it does not know', async () => {
    expect((await post('/produce', { topic: 'test', partition: 0, message: 'x', key: 'k', nested: { a: [1] } })).statusCode).toBe(200);
  });

  test('messages that come while one is under way share the next batch and keep their order', async () => {
    const messages = Array.from({ length: 50 }, (_, i) => `message ${i}`);
    const clock = new NodeClock();
    router.intercept = ({ api }) => (api === 'Produce' ? sleep(clock, 10) : undefined);

    const answers = await Promise.all(messages.map((message) => post('/produce', { topic: 'test', partition: 0, message })));

    const stored = await Promise.all(messages.map((_, i) => door.inject(`/consume?topic=test&partition=0&offset=${i}`)));
    expect(answers.map((answer) => answer.json().offset).toSorted((a, b) => a - b)).toEqual(messages.map((_, i) => i));
    expect(answers.map((answer) => stored[answer.json().offset]?.json().message)).toEqual(messages);
    expect(router.sent.filter(({ api }) => api === 'Produce').length).toBeLessThan(messages.length / 2);
  });

  test('a batch that is too large only as a whole is written message by message', async () => {
    router.intercept = async ({ api, request }) => {
      if (api !== 'Produce') return undefined;
      await Promise.resolve();
      const records = (request as { topicData: [{ partitionData: [{ records: Buffer }] }] }).topicData[0].partitionData[0].records;
      const tooLarge = records.length > 200;
      return tooLarge
        ? { responses: [{ partitionResponses: [{ index: 0, errorCode: 'MESSAGE_TOO_LARGE', errorMessage: null }] }] }
        : undefined;
    };

    const produced = ['a', 'b', 'c'].map((letter) => post('/produce', { topic: 'test', partition: 0, message: letter.repeat(100) }));
    const large = post('/produce', { topic: 'test', partition: 0, message: 'x'.repeat(300) });

    expect((await Promise.all(produced)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect((await large).statusCode).toBe(413);
  });

  test('answers 503, not 500, when the owner is down', async () => {
    router.intercept = () => {
      throw new NetworkError('ECONNREFUSED', 'refused');
    };

    const answer = await post('/produce', { topic: 'test', partition: 1, message: 'x' });

    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.json().error).toContain('localhost:8081');
  });

  test('answers 503 when the partition has no leader', async () => {
    router.moveLeader('test', 1, -1);
    router.down = [2];

    const answer = await post('/produce', { topic: 'test', partition: 1, message: 'x' });
    expect([answer.statusCode, answer.json().error]).toEqual([
      503,
      'Partition test-1 has no leader: broker 2, which holds its only replica, is down. Nothing was done; try again.',
    ]);
  });

  test('says so when the broker is up, but with another data directory than the one that holds the partition', async () => {
    router.moveLeader('test', 1, -1);
    router.emptied = [2];

    const answer = await post('/produce', { topic: 'test', partition: 1, message: 'x' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json().error).toContain('broker 2, which holds its only replica, came back without the data directory that holds it');
  });

  test('names the brokers that are down and the replicas that are in sync and needed', async () => {
    router.addTopic('wide', 1, 3);
    router.minInsync = 2;
    router.down = [2, 3];
    router.moveLeader('wide', 0, 1, [1]);
    router.intercept = () => ({
      responses: [{ partitionResponses: [{ index: 0, errorCode: 'NOT_ENOUGH_REPLICAS', errorMessage: null }] }],
    });

    const answer = await post('/produce', { topic: 'wide', partition: 0, message: 'x' });

    expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([
      503,
      '1',
      {
        error:
          'Partition wide-0 has too few replicas in sync: brokers 2 and 3 are down; 1 of its 3 replicas is in sync, and 2 are needed to write. Nothing was done; try again.',
        code: 'NOT_ENOUGH_REPLICAS',
      },
    ]);
  });

  test('says so when nobody is there to name another leader', async () => {
    router.addTopic('wide', 3, 3);
    router.hasController = false;
    router.intercept = () => {
      throw new NetworkError('ECONNREFUSED', 'refused');
    };

    const answer = await post('/produce', { topic: 'wide', partition: 1, message: 'x' });

    expect([answer.statusCode, answer.json().error]).toEqual([
      503,
      'Broker 2 at localhost:8081 does not answer (ECONNREFUSED): the cluster has no controller that could name another leader, as a majority of its voters is down. Nothing was done; try again.',
    ]);
  });

  test.each(['ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH'])('answers 504 when the connection fails with %s each time', async (code) => {
    router.intercept = () => {
      throw new NetworkError(code, code);
    };

    const answer = await post('/produce', { topic: 'test', partition: 1, message: 'x' });

    expect([answer.statusCode, answer.json().code]).toEqual([504, 'OUTCOME_UNKNOWN']);
  });

  test.each([
    { name: 'REQUEST_TIMED_OUT', status: 504 },
    { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', status: 504 },
    { name: 'NOT_ENOUGH_REPLICAS', status: 503 },
    { name: 'MESSAGE_TOO_LARGE', status: 413 },
    { name: 'INVALID_RECORD', status: 400 },
    { name: 'TOPIC_AUTHORIZATION_FAILED', status: 403 },
    { name: 'UNKNOWN_SERVER_ERROR', status: 500 },
  ])('answers $status for $name', async ({ name, status }) => {
    router.intercept = () => ({ responses: [{ partitionResponses: [{ index: 1, errorCode: name, errorMessage: null }] }] });

    expect((await post('/produce', { topic: 'test', partition: 1, message: 'x' })).statusCode).toBe(status);
  });

  test('asks the next leader when the first says that it leads no more', async () => {
    router.intercept = ({ to }) => {
      if (to !== 2) return undefined;
      router.moveLeader('test', 1, 3);
      return { responses: [{ partitionResponses: [{ index: 1, errorCode: 'NOT_LEADER_OR_FOLLOWER', errorMessage: null }] }] };
    };

    const answer = await post('/produce', { topic: 'test', partition: 1, message: 'x' });

    expect([answer.statusCode, ...router.sent.map(({ to }) => to)]).toEqual([200, 2, 3]);
  });

  test('answers 404 when the topic is deleted while the leader is asked', async () => {
    router.intercept = () => {
      router.removeTopic('test');
      return { responses: [{ partitionResponses: [{ index: 1, errorCode: 'UNKNOWN_TOPIC_ID', errorMessage: null }] }] };
    };

    expect((await post('/produce', { topic: 'test', partition: 1, message: 'x' })).statusCode).toBe(404);
  });

  test('a KafkaError from the router becomes its status', async () => {
    router.intercept = () => {
      throw new KafkaError('THROTTLING_QUOTA_EXCEEDED', 'too fast');
    };

    expect((await post('/produce', { topic: 'test', partition: 1, message: 'x' })).statusCode).toBe(429);
  });

  test('an error that nobody expected is 500 and shows nothing of its inside', async () => {
    router.intercept = () => {
      throw new TypeError('secret');
    };

    const answer = await post('/produce', { topic: 'test', partition: 1, message: 'x' });

    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

describe('GET /consume', () => {
  beforeEach(() => {
    router.addTopic('test', 3);
  });

  const consume = (query: string) => door.inject(`/consume?${query}`);

  test('gives the message of exactly that offset', async () => {
    await post('/produce', { topic: 'test', partition: 1, message: 'Hello' });

    expect((await consume('topic=test&partition=1&offset=0')).body).toBe('{"offset":0,"message":"Hello"}');
  });

  test('finds a message inside a batch', async () => {
    router.append('id-of-test', 1, buildRecordBatch({ records: ['a', 'b', 'c'].map((text) => ({ value: Buffer.from(text) })) }));

    expect((await consume('topic=test&partition=1&offset=1')).body).toBe('{"offset":1,"message":"b"}');
  });

  test('reads only what is committed', async () => {
    await consume('topic=test&partition=1&offset=0');

    expect(router.sent).toMatchObject([
      { api: 'Fetch', to: 2, request: { isolationLevel: 1 } },
      { api: 'ListOffsets', to: 2, request: { isolationLevel: 1 } },
    ]);
  });

  test.each(['0', '1', '9007199254740993', '9223372036854775807'])('answers 204 at offset %s of an empty partition', async (offset) => {
    const answer = await consume(`topic=test&partition=1&offset=${offset}`);

    expect([answer.statusCode, answer.body]).toEqual([204, '']);
  });

  test.each([
    'topic=nope&partition=0&offset=0',
    'topic=test&partition=3&offset=0',
    'topic=test&partition=-1&offset=0',
    'topic=test&partition=99999999999&offset=0',
  ])('answers 404 to %s', async (query) => {
    expect((await consume(query)).statusCode).toBe(404);
  });

  test.each([
    'partition=0&offset=0',
    'topic=test&offset=0',
    'topic=test&partition=0',
    'topic=test&partition=zero&offset=0',
    'topic=test&partition=0&offset=-1',
    'topic=test&partition=0&offset=1.5',
    'topic=test&partition=0&offset=0x10',
    'topic=test&partition=0&offset=9223372036854775808',
    'topic=test&topic=test&partition=0&offset=0',
  ])('answers 400 to %s', async (query) => {
    expect((await consume(query)).statusCode).toBe(400);
  });

  test('an offset that was deleted answers 404 and says where to go on', async () => {
    router.log('id-of-test', 0).start = 7n;

    const answer = await consume('topic=test&partition=0&offset=3');

    expect([answer.statusCode, answer.json().code, answer.json().nextOffset]).toEqual([404, 'OFFSET_OUT_OF_RANGE', 7]);
  });

  test('an offset that was compacted away answers 404 and says where to go on', async () => {
    router.append('id-of-test', 0, buildRecordBatch({ records: [{ value: Buffer.from('kept') }] }), 5n);

    const answer = await consume('topic=test&partition=0&offset=3');

    expect([answer.statusCode, answer.json().nextOffset]).toEqual([404, 5]);
  });

  test('a message of an aborted transaction answers 404, as does the end of a transaction', async () => {
    const transaction = { producerId: 9n, producerEpoch: 0, baseSequence: 0, isTransactional: true };
    router.append('id-of-test', 0, buildRecordBatch({ ...transaction, records: [{ value: Buffer.from('never') }] }));
    router.append(
      'id-of-test',
      0,
      buildRecordBatch({ ...transaction, baseSequence: -1, isControl: true, records: [{ key: Buffer.alloc(4), value: Buffer.alloc(6) }] }),
    );
    router.log('id-of-test', 0).abortedTransactions.push({ producerId: 9n, firstOffset: 0n });

    const answers = [await consume('topic=test&partition=0&offset=0'), await consume('topic=test&partition=0&offset=1')];

    expect(answers.map((answer) => [answer.statusCode, answer.json().nextOffset])).toEqual([
      [404, 1],
      [404, 2],
    ]);
  });

  test('a tombstone is null, and bytes that are not UTF-8 become U+FFFD', async () => {
    router.append(
      'id-of-test',
      0,
      buildRecordBatch({ records: [{ key: Buffer.from('k'), value: null }, { value: Buffer.from([0x61, 0xff]) }] }),
    );

    expect((await consume('topic=test&partition=0&offset=0')).body).toBe('{"offset":0,"message":null}');
    expect((await consume('topic=test&partition=0&offset=1')).body).toBe('{"offset":1,"message":"a\ufffd"}');
  });

  test('answers 503 when the connection to the owner breaks, as a read may be repeated', async () => {
    router.intercept = () => {
      throw new NetworkError('ECONNRESET', 'reset');
    };

    expect((await consume('topic=test&partition=1&offset=0')).statusCode).toBe(503);
  });
});

describe('every path', () => {
  test('waits for the cluster, then answers 503 with the reason', async () => {
    router.ready = false;

    const answers = await Promise.all([
      post('/create-topic', { topic: 'test', partitions: 1 }),
      post('/produce', { topic: 'test', partition: 0, message: 'x' }),
      door.inject('/consume?topic=test&partition=0&offset=0'),
      door.inject('/list-topics'),
      door.inject('/metadata'),
      door.inject('/readyz'),
    ]);

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 503, 503, 503, 503]);
    for (const answer of answers) {
      expect(answer.json().error).toContain('no controller');
      expect(answer.headers['retry-after']).toBe('1');
    }
  });

  test('an unknown path answers 404 with the paths there are', async () => {
    const answer = await post('/internal-create-topic', {});

    expect(answer.statusCode).toBe(404);
    expect(answer.json().error).toContain('POST /create-topic');
  });

  test.each([
    { method: 'GET', url: '/produce', allow: 'POST' },
    { method: 'DELETE', url: '/metadata', allow: 'GET, HEAD' },
    { method: 'POST', url: '/consume?topic=a', allow: 'GET, HEAD' },
  ] as const)('$method $url answers 405 with Allow: $allow', async ({ method, url, allow }) => {
    const answer = await door.inject({ method, url });

    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, allow]);
  });

  test('HEAD works where GET does, without a body', async () => {
    const answer = await door.inject({ method: 'HEAD', url: '/list-topics' });

    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  test('a path with broken escapes answers 400', async () => {
    expect((await door.inject('/list%ZZtopics')).statusCode).toBe(400);
  });

  test('health is there before the cluster is', async () => {
    router.ready = false;

    expect((await door.inject('/healthz')).statusCode).toBe(200);
  });

  test('readiness answers 200 once the broker takes part, with nothing missing', async () => {
    expect((await door.inject('/readyz')).body).toBe(
      '{"status":"ready","broker":1,"clusterId":"fake-cluster","trouble":null,"brokersOutOfService":[],' +
        '"partitionsWithoutLeader":0,"partitionsBelowMinIsr":0,"partitionsUnderReplicated":0}',
    );
  });

  test('readiness tells what of the cluster is missing', async () => {
    router.missing = { ...router.missing, trouble: '1 partition has no leader (wide-0)', partitionsWithoutLeader: 1 };

    const answer = await door.inject('/readyz');

    expect([answer.statusCode, answer.json()]).toMatchObject([
      200,
      { trouble: '1 partition has no leader (wide-0)', partitionsWithoutLeader: 1 },
    ]);
  });
});
