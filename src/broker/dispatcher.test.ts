import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { NetworkError } from '#platform';
import { type Api, allApis, decodeResponse, encodeRequest, encodeResponse, KafkaError, ProtocolError, withDefaults } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import { envelope } from '#protocol/apis/envelope.ts';
import { fetch } from '#protocol/apis/fetch.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { produce } from '#protocol/apis/produce.ts';
import { vote } from '#protocol/apis/vote.ts';
import type { Context } from './context.ts';
import { type Handler, handler } from './handler.ts';
import { batchOf, decodeAnswer, ordersId, TestBroker, versionsOf } from './testing.ts';

const createOrders = {
  topics: [{ name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs: 1000,
};

describe('a frame', () => {
  test.each([
    { frame: Buffer.alloc(0), because: 'it is empty' },
    { frame: Buffer.from([0, 3]), because: 'its header is cut' },
    { frame: Buffer.from('03e7000000000001ffff', 'hex'), because: 'no API has the key 999' },
    { frame: Buffer.from('000300010000000100047465', 'hex'), because: 'its client id is cut' },
    { frame: Buffer.from('0003000100000001ffff7fffffff', 'hex'), because: 'it claims two thousand million topics' },
  ])('closes the connection, and says so in the log, when $because', async ({ frame }) => {
    const broker = await TestBroker.start();

    expect(broker.dispatcher.dispatch(frame, broker.client)).toBe('close');
    expect(broker.lines).toHaveLength(1);
    expect(broker.client.trusted).toBe(false);
  });

  test.each([
    'controlled-shutdown',
    'a gap',
    'metadata 99',
    'produce 2',
  ])('of %s closes the connection: it is not advertised', async (what) => {
    const broker = await TestBroker.start();
    const [key, version] = { 'controlled-shutdown': [7, 0], 'a gap': [95, 0], 'metadata 99': [3, 99], 'produce 2': [0, 2] }[what]!;
    const frame = Buffer.alloc(64);
    frame.writeInt16BE(key!, 0);
    frame.writeInt16BE(version!, 2);

    expect(broker.dispatcher.dispatch(frame, broker.client)).toBe('close');
  });

  test('cut anywhere never does anything but close the connection or answer', async () => {
    const broker = await TestBroker.start();
    const request = { topics: [{ name: 'orders' }, { name: 'bills' }] };
    for (const version of [0, 4, 9, 12]) {
      const whole = Buffer.concat(encodeRequest(metadata, version, { correlationId: 1, clientId: 'c' }, request)).subarray(4);
      for (let length = 0; length < whole.length; length++) {
        const answer = await broker.dispatcher.dispatch(whole.subarray(0, length), broker.client);
        expect(answer === 'close' || Array.isArray(answer)).toBe(true);
      }
    }
  });

  test('that is a request makes the connection trusted', async () => {
    const broker = await TestBroker.start();

    await broker.ask(metadata, 12, { topics: [] });

    expect(broker.client.trusted).toBe(true);
  });
});

describe('ApiVersions in a version that is not known', () => {
  test.each([6, 99])('%i is answered in version 0 with the range of ApiVersions itself', async (version) => {
    const broker = await TestBroker.start();
    const frame = Buffer.alloc(32);
    frame.writeInt16BE(apiVersions.key, 0);
    frame.writeInt16BE(version, 2);
    frame.writeInt32BE(77, 4);

    const answer = broker.dispatcher.dispatch(frame, broker.client) as readonly Buffer[];

    const bytes = Buffer.concat(answer).subarray(4);
    expect(bytes.readInt32BE(0)).toBe(77);
    expect(bytes.subarray(4).toString('hex')).toBe('00230000000100120000' + '0005');
  });
});

describe('what is served', () => {
  test('is in the order of the keys, each once, within what Kafka defines, and none of it unstable', async () => {
    const broker = await TestBroker.start();
    const { handlers } = broker.dispatcher;

    expect(handlers.map(({ api }) => api.key)).toEqual([...new Set(handlers.map(({ api }) => api.key))].sort((a, b) => a - b));
    for (const { api, versions } of handlers) {
      expect(api).toBe(allApis.get(api.key));
      expect([versions.min >= api.versions.min, versions.max <= api.versions.max]).toEqual([true, true]);
    }
    expect(handlers.find(({ api }) => api.name === 'InitProducerId')!.versions.max).toBe(5);
  });

  test('a failure has an answer in every API and version, which says the error', async () => {
    const broker = await TestBroker.start();
    for (const served of broker.dispatcher.handlers) {
      for (const version of versionsOf(served)) {
        const failing: Handler = {
          ...served,
          handle: () => {
            throw new KafkaError('NOT_CONTROLLER', 'for this test');
          },
        };
        const dispatcher = broker.dispatcherOver([failing]);
        const request = sample(served.api, version);
        const frame = Buffer.concat(encodeRequest(served.api, version, { correlationId: 5, clientId: null }, request as never));

        const answer = await dispatcher.dispatch(frame.subarray(4), broker.client);

        expect(JSON.stringify(decodeAnswer(served.api, version, answer), plain), `${served.api.name} v${version}`).toContain(
          'NOT_CONTROLLER',
        );
      }
    }
    expect(broker.lines).toEqual([]);
  });

  test('a handler that fails by accident answers UNKNOWN_SERVER_ERROR, sync or async, and the log tells of it', async () => {
    const broker = await TestBroker.start();
    const failing = (handle: Handler['handle']) =>
      broker.dispatcherOver([{ ...handler(vote, '0-2', () => ({}) as never), handle } as unknown as Handler]);
    const frame = frameOf(vote, 0, { clusterId: null, topics: [] });

    const answers = [
      failing(() => {
        throw new TypeError('oops');
      }).dispatch(frame, broker.client),
      failing(async () => {
        throw new TypeError('oops');
      }).dispatch(frame, broker.client),
    ];

    for (const answer of answers) expect(decodeAnswer(vote, 0, await answer).errorCode).toBe('UNKNOWN_SERVER_ERROR');
    expect(broker.lines).toEqual(['a handler failed', 'a handler failed']);
  });

  test('a response that does not fit its version becomes an error answer, and the log says why', async () => {
    const broker = await TestBroker.start();
    const unfit = { name: null as never, errorCode: 'NONE', errorMessage: null } as const;
    const wrong = handler(createTopics, '2-7', () => ({ throttleTimeMs: 0, topics: [unfit] }), {
      failed: (request, error) => ({
        throttleTimeMs: 0,
        topics: request.topics.map(({ name }) => ({ name, errorCode: error.errorName, errorMessage: error.message })),
      }),
    });

    const answer = broker.dispatcherOver([wrong as unknown as Handler]).dispatch(frameOf(createTopics, 2, createOrders), broker.client);

    expect(decodeAnswer(createTopics, 2, await answer).topics[0]).toMatchObject({ name: 'orders', errorCode: 'UNKNOWN_SERVER_ERROR' });
    expect(broker.lines).toEqual(['a response could not be encoded']);
  });
});

describe('before the cluster is formed', () => {
  test('only what forming it needs, and who asks what this is, gets an answer', async () => {
    const broker = await TestBroker.start({ clusterId: undefined, raft: { vote: async () => ({ errorCode: 'NONE', topics: [] }) } });
    broker.isFormed = false;

    expect((await broker.ask(apiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })).errorCode).toBe('NONE');
    expect((await broker.ask(vote, 0, { clusterId: null, topics: [] })).errorCode).toBe('NONE');
    expect(broker.dispatch(metadata, 12, { topics: null })).toBe('close');
    expect(broker.dispatch(createTopics, 7, createOrders)).toBe('close');
  });
});

describe('a request for the controller', () => {
  test('is passed on as it came when this broker is not the controller, and the answer comes back as it came', async () => {
    const broker = await TestBroker.start({ controller: { isActive: false } });
    broker.onForward = async () => Buffer.concat(encodeResponse(createTopics, 7, 1, { throttleTimeMs: 0, topics: [] })).subarray(4);

    const response = await broker.ask(createTopics, 7, createOrders);

    expect(response.topics).toEqual([]);
    expect(broker.forwarded).toEqual([frameOf(createTopics, 7, createOrders, 'test')]);
    expect(broker.client.trusted).toBe(true);
  });

  test.each([
    { thrown: new KafkaError('NOT_CONTROLLER'), expected: 'NOT_CONTROLLER' },
    { thrown: new NetworkError('ECONNRESET', 'gone'), expected: 'REQUEST_TIMED_OUT' },
    { thrown: new NetworkError('ETIMEDOUT', 'late'), expected: 'REQUEST_TIMED_OUT' },
  ])('whose passing on fails with $thrown.message answers $expected', async ({ thrown, expected }) => {
    const broker = await TestBroker.start({ controller: { isActive: false } });
    broker.onForward = async () => {
      throw thrown;
    };

    expect((await broker.ask(createTopics, 7, createOrders)).topics[0]!.errorCode).toBe(expected);
    expect(broker.lines).toEqual([]);
  });

  test('is not passed on when it is malformed', async () => {
    const broker = await TestBroker.start({ controller: { isActive: false } });
    const frame = frameOf(createTopics, 7, createOrders);

    expect(broker.dispatcher.dispatch(frame.subarray(0, frame.length - 9), broker.client)).toBe('close');
    expect(broker.forwarded).toEqual([]);
  });

  test('is carried out here when this broker is the controller', async () => {
    const asked: unknown[] = [];
    const broker = await TestBroker.start({
      controller: {
        createTopics: async (request: unknown, context: unknown) => {
          asked.push(context);
          return { topics: [{ name: (request as typeof createOrders).topics[0]!.name, errorCode: 'NONE' }] };
        },
      },
    });

    expect((await broker.ask(createTopics, 5, createOrders)).topics[0]).toMatchObject({ name: 'orders', errorCode: 'NONE' });
    expect(asked).toEqual([{ version: 5 }]);
  });
});

describe('an Envelope', () => {
  const deleteOrders = frameOf(deleteTopics, 6, { topics: [{ name: 'orders' }], timeoutMs: 1 });
  const wrap = (requestData: Buffer) => ({ requestData, requestPrincipal: null, clientHostAddress: Buffer.from([127, 0, 0, 1]) });

  test('holds a request of a client of another broker; its answer comes back in it, with its own header', async () => {
    const broker = await TestBroker.start({
      controller: { deleteTopics: async () => ({ responses: [{ name: 'orders', errorCode: 'NONE' }] }) },
    });

    const { errorCode, responseData } = await broker.ask(envelope, 0, wrap(deleteOrders));

    const inner = decodeResponse(deleteTopics, 6, responseData!);
    expect([errorCode, inner.correlationId, inner.response.responses[0]!.errorCode]).toEqual(['NONE', 1, 'NONE']);
  });

  test('is refused by a broker that is not the controller, so that the sender looks again', async () => {
    const broker = await TestBroker.start({ controller: { isActive: false } });

    expect(await broker.ask(envelope, 0, wrap(deleteOrders))).toMatchObject({ errorCode: 'NOT_CONTROLLER', responseData: null });
  });

  test('that a controller deposed meanwhile carries out has the refusal inside', async () => {
    const broker = await TestBroker.start({
      controller: {
        deleteTopics: async () => {
          throw new KafkaError('NOT_CONTROLLER');
        },
      },
    });

    const { errorCode, responseData } = await broker.ask(envelope, 0, wrap(deleteOrders));

    expect([errorCode, decodeResponse(deleteTopics, 6, responseData!).response.responses[0]!.errorCode]).toEqual([
      'NONE',
      'NOT_CONTROLLER',
    ]);
  });

  test.each([
    { what: 'a request that belongs to no controller', requestData: frameOf(metadata, 12, { topics: null }) },
    { what: 'another envelope', requestData: frameOf(envelope, 0, wrap(deleteOrders)) },
    { what: 'nothing', requestData: Buffer.alloc(0) },
    { what: 'half a request', requestData: deleteOrders.subarray(0, 12) },
  ])('with $what is refused', async ({ requestData }) => {
    const broker = await TestBroker.start();

    expect((await broker.ask(envelope, 0, wrap(requestData))).errorCode).toBe('INVALID_REQUEST');
  });
});

describe('requests of one connection', () => {
  test('act in their order, each up to its first wait, before the next is looked at', async () => {
    const broker = await TestBroker.start();
    await broker.topic('orders', ordersId);
    const request = (text: string) => ({
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batchOf([text]) }] }],
    });

    const answers = ['a', 'b', 'c'].map((text) => broker.dispatch(produce, 9, request(text)));
    const responses = await broker.done(Promise.all(answers));

    const offsets = responses.map((answer) => decodeAnswer(produce, 9, answer).responses[0]!.partitionResponses[0]!.baseOffset);
    expect(offsets).toEqual([0n, 1n, 2n]);
  });
});

describe('a request of this process itself', () => {
  test('is answered like any other, in the highest version', async () => {
    const broker = await TestBroker.start();
    let seen: Pick<Context, 'apiVersion' | 'remote' | 'connection'> | undefined;
    const spy = handler(metadata, '0-13', (_, context) => {
      seen = context;
      return { brokers: [], topics: [] };
    });

    await broker.dispatcherOver([spy as unknown as Handler]).dispatchLocal(metadata, withDefaults(metadata.request, { topics: [] }));

    expect([seen!.apiVersion, seen!.remote, seen!.connection]).toEqual([13, undefined, undefined]);
  });

  test('for what is not served fails', async () => {
    const broker = await TestBroker.start();

    await expect(broker.dispatcherOver([]).dispatchLocal(fetch, {} as never)).rejects.toMatchObject({ errorName: 'UNSUPPORTED_VERSION' });
  });
});

test('a frame passed on that cannot be served here is a protocol error', async () => {
  const broker = await TestBroker.start();

  await expect(broker.dispatcher.dispatchForwarded(frameOf(metadata, 12, { topics: null }), undefined)).rejects.toBeInstanceOf(
    ProtocolError,
  );
});

function frameOf(api: Api, version: number, request: object, clientId: string | null = null): Buffer {
  return Buffer.concat(encodeRequest(api, version, { correlationId: 1, clientId }, request as never)).subarray(4);
}

/** A request that names one of everything, so that its error answer has a place for the error. */
function sample(api: Api, version: number): object {
  const partitions = { partitionIndex: 0, partition: 0 };
  const samples: Record<string, object> = {
    Produce: { acks: 1, timeoutMs: 1, topicData: [{ name: 'a', partitionData: [{ index: 0, records: null }] }] },
    Fetch: {
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: 'a', partitions: [{ ...partitions, fetchOffset: 0n, partitionMaxBytes: 1 }] }],
    },
    ListOffsets: { replicaId: -1, topics: [{ name: 'a', partitions: [{ ...partitions, timestamp: -1n }] }] },
    OffsetForLeaderEpoch: { replicaId: -1, topics: [{ topic: 'a', partitions: [{ ...partitions, leaderEpoch: 0 }] }] },
    Metadata: { topics: [{ name: 'a' }] },
    CreateTopics: { topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }], timeoutMs: 1 },
    CreatePartitions: { topics: [{ name: 'a', count: 1, assignments: null }], timeoutMs: 1, validateOnly: false },
    DeleteRecords: { topics: [{ name: 'a', partitions: [{ ...partitions, offset: 0n }] }], timeoutMs: 1 },
    DescribeConfigs: { resources: [{ resourceType: 2, resourceName: 'a', configurationKeys: null }] },
    AlterConfigs: { resources: [{ resourceType: 2, resourceName: 'a', configs: [] }], validateOnly: false },
    IncrementalAlterConfigs: { resources: [{ resourceType: 2, resourceName: 'a', configs: [] }], validateOnly: false },
    DescribeProducers: { topics: [{ name: 'a', partitionIndexes: [0] }] },
    DescribeTopicPartitions: { topics: [{ name: 'a' }], cursor: null },
    DeleteTopics: { ...(version < 6 ? { topicNames: ['a'] } : { topics: [{ name: 'a' }] }), timeoutMs: 1 },
    DescribeLogDirs: { topics: null },
    ElectLeaders: { topicPartitions: [{ topic: 'a', partitions: [0] }] },
    FindCoordinator: version < 4 ? { key: 'a' } : { coordinatorKeys: ['a'] },
    OffsetCommit: {
      groupId: 'a',
      memberId: '',
      topics: [{ name: version < 10 ? 'a' : '', partitions: [{ ...partitions, committedOffset: 0n, committedMetadata: null }] }],
    },
    OffsetFetch:
      version < 8 ? { groupId: 'a', topics: [{ name: 'a', partitionIndexes: [0] }] } : { groups: [{ groupId: 'a', topics: null }] },
    DescribeGroups: { groups: ['a'] },
    DeleteGroups: { groupsNames: ['a'] },
    ConsumerGroupDescribe: { groupIds: ['a'] },
    InitProducerId: { transactionalId: null, transactionTimeoutMs: 1 },
    AddPartitionsToTxn: version < 4 ? { v3AndBelowTopics: [{ name: 'a', partitions: [0] }] } : {},
    WriteTxnMarkers: { markers: [{ topics: [{ name: 'a', partitionIndexes: [0] }] }] },
    DescribeTransactions: { transactionalIds: ['a'] },
    TxnOffsetCommit: { topics: [{ name: 'a', partitions: [{ partitionIndex: 0, committedOffset: 0n, committedMetadata: null }] }] },
  };
  return samples[api.name] ?? {};
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

test("a broken invariant is nobody's answer: the connection closes and the broker is told not to go on", async () => {
  const broker = await TestBroker.start();
  const broken: unknown[] = [];
  const failing = {
    ...broker.dispatcher.handlers.find(({ api }) => api.name === 'Metadata')!,
    handle: () => assert(false, 'offsets go back'),
  };
  const dispatcher = broker.dispatcherOver([failing as unknown as Handler], { onBroken: (error) => broken.push(error.message) });

  const answer = await dispatcher.dispatch(frameOf(metadata, 12, { topics: null }), broker.client);

  expect(answer).toBe('close');
  expect(broken).toEqual(['offsets go back']);
});
