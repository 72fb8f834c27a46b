import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Api, encodeRequest } from '#protocol';
import { batchOf, ordersId, TestBroker, versionsOf } from './testing.ts';

const asked = { partitionIndex: 0, partition: 0, index: 0 };

/** A request of each API that finds something in a broker with the topic orders. By id where the version names topics so. */
const requests: Record<string, (version: number) => object> = {
  ApiVersions: (version) => (version < 3 ? {} : { clientSoftwareName: 'test', clientSoftwareVersion: '1' }),
  DeleteRecords: () => ({ topics: [{ name: 'orders', partitions: [{ ...asked, offset: 1n }] }], timeoutMs: 10 }),
  DescribeCluster: () => ({ includeClusterAuthorizedOperations: true }),
  DescribeConfigs: () => ({ resources: [{ resourceType: 2, resourceName: 'orders', configurationKeys: null }], includeSynonyms: true }),
  DescribeLogDirs: () => ({ topics: [{ topic: 'orders', partitions: [0] }] }),
  DescribeProducers: () => ({ topics: [{ name: 'orders', partitionIndexes: [0, 1] }] }),
  DescribeTopicPartitions: () => ({
    topics: [{ name: 'orders' }],
    responsePartitionLimit: 1,
    cursor: { topicName: 'orders', partitionIndex: 1 },
  }),
  Fetch: (version) => ({
    maxWaitMs: 1,
    minBytes: 1,
    maxBytes: 1000,
    isolationLevel: 1,
    topics: [{ ...topicOf(version, 'topic'), partitions: [{ ...asked, fetchOffset: 0n, partitionMaxBytes: 500 }] }],
  }),
  InitProducerId: () => ({ transactionalId: null, transactionTimeoutMs: 1 }),
  ListOffsets: () => ({ replicaId: -1, topics: [{ name: 'orders', partitions: [{ ...asked, timestamp: 5n }] }] }),
  Metadata: () => ({ topics: [{ name: 'orders' }, { name: 'bills' }] }),
  Produce: (version) => ({
    acks: 1,
    timeoutMs: 10,
    topicData: [{ ...topicOf(version, 'name'), partitionData: [{ ...asked, records: batchOf(['a']) }] }],
  }),
};

function topicOf(version: number, field: string): object {
  return version >= 13 ? { topicId: ordersId } : { [field]: 'orders' };
}

test.each(
  Object.keys(requests),
)('%s with any bytes changed is answered or closes the connection, and never fails by accident', async (name) => {
  const broker = await TestBroker.start({ properties: { 'auto.create.topics.enable': 'false' } });
  await broker.topic('orders', ordersId, [1, 2]);
  await broker.write(batchOf(['a', 'b']), batchOf(['c'], { producerId: 1n, producerEpoch: 0, baseSequence: 0 }));
  const handler = broker.dispatcher.handlers.find(({ api }) => api.name === name)!;
  const frames = versionsOf(handler).map((version) => frameOf(handler.api, version, requests[name]!(version)));
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  });

  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...frames), fc.array(change, { maxLength: 4 }), async (frame, changes) => {
      const mutated = Buffer.from(frame);
      // The API key and version stay; everything behind them may change.
      for (const { at, byte } of changes) mutated[4 + Math.floor(at * (mutated.length - 5))] = byte;

      const answer = broker.dispatcher.dispatch(mutated, broker.client);

      if (!(answer instanceof Promise)) return;
      let settled = false;
      void answer.finally(() => {
        settled = true;
      });
      await broker.world.run({ forMs: 5, until: () => settled });
    }),
    { numRuns: 400 },
  );
  broker.client.leave();
  await broker.pass(10);

  expect(broker.lines.filter((line) => !line.startsWith('closing'))).toEqual([]);
});

function frameOf(api: Api, version: number, request: object): Buffer {
  return Buffer.concat(encodeRequest(api, version, { correlationId: 1, clientId: 'c' }, request as never)).subarray(4);
}
