import { afterEach, beforeEach, expect, test } from 'vitest';
import { NetworkError } from '#platform';
import type { ConsumerGroupHeartbeatRequest } from '#protocol/apis/consumer-group-heartbeat.ts';
import type { OffsetCommitRequest } from '#protocol/apis/offset-commit.ts';
import { FakeCluster, idOf, type Sent } from '../testing.ts';
import { GroupConsumer } from './group-consumer.ts';

/** The coordinator of the test: what it says of itself to each heartbeat. */
let assignment: number[] | undefined;
let epoch: number;
let refusal: string | undefined;
let cluster: FakeCluster;
let delivered: string[];
let notes: string[];
let consumer: GroupConsumer;
let ended: Promise<void>;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.addTopic('orders', 2);
  for (const partition of [0, 1])
    for (let i = 0; i < 3; i++) cluster.append('orders', partition, { records: [{ value: Buffer.from(`${partition}/${i}`) }] });
  [assignment, epoch, refusal, delivered, notes] = [[0, 1], 1, undefined, [], []];
  cluster.intercept = ({ api, request }) =>
    api === 'ConsumerGroupHeartbeat' ? heartbeat(request as ConsumerGroupHeartbeatRequest) : undefined;
  consumer = new GroupConsumer({
    cluster,
    groupId: 'readers',
    memberId: 'me',
    topic: 'orders',
    deliver: async (_, { value }) => void delivered.push(value!.toString()),
    note: (line) => notes.push(line),
  });
});
afterEach(async () => {
  await consumer.stop();
  await ended.catch(() => {});
});

/** The first heartbeats come quickly, so that the test does. */
function heartbeat({ memberEpoch }: ConsumerGroupHeartbeatRequest): object {
  if (refusal !== undefined && memberEpoch > 0) return { errorCode: refusal };
  const told = assignment === undefined ? null : { topicPartitions: [{ topicId: idOf('orders'), partitions: assignment }] };
  assignment = undefined;
  return { errorCode: 'NONE', memberEpoch: epoch, heartbeatIntervalMs: 20, assignment: told };
}

const start = () => {
  ended = consumer.run();
};
const sentBy = (api: string): Sent[] => cluster.sent.filter((sent) => sent.api === api);
const heartbeats = () => sentBy('ConsumerGroupHeartbeat').map(({ request }) => request as ConsumerGroupHeartbeatRequest);
const committed = () => Object.fromEntries(cluster.offsets.get('readers') ?? []);
/** Until the expectations of `holds` are met. */
const until = (holds: () => void) =>
  expect
    .poll(
      () => {
        holds();
        return true;
      },
      { timeout: 5_000, interval: 5 },
    )
    .toBe(true);

test('it reads what it is given from the beginning, says that it has it, and commits what it has handed over', async () => {
  start();

  await until(() => expect(delivered.toSorted()).toEqual(['0/0', '0/1', '0/2', '1/0', '1/1', '1/2']));
  await until(() => expect(committed()).toEqual({ 'orders-0': 3n, 'orders-1': 3n }));
  expect(heartbeats().find(({ topicPartitions }) => topicPartitions?.length === 1)?.topicPartitions).toEqual([
    { topicId: idOf('orders'), partitions: [0, 1] },
  ]);
  expect(sentBy('OffsetCommit')[0]!.request).toMatchObject({ memberId: 'me', generationIdOrMemberEpoch: 1 });
  expect(notes).toEqual(['Group readers gives this consumer orders-0, orders-1.']);
});

test('it goes on where the group stopped', async () => {
  cluster.offsets.set('readers', new Map([['orders-0', 2n]]));
  start();

  await until(() => expect(delivered.toSorted()).toEqual(['0/2', '1/0', '1/1', '1/2']));
});

test('what the group had got to and is not there any more is passed over, to where the log begins', async () => {
  cluster.offsets.set('readers', new Map([['orders-0', 0n]]));
  cluster.topics.get('orders')![0]!.start = 2n;
  start();

  await until(() => expect(delivered.toSorted()).toEqual(['0/2', '1/0', '1/1', '1/2']));
  expect(notes).toContain('orders-0 has nothing at offset 0: going on where it begins, at 2.');
});

test('G1, G2: before it says that it has given a partition up, it has committed it, and it reads it no more', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));

  assignment = [0];
  await until(() => expect(heartbeats().some(({ topicPartitions }) => topicPartitions?.[0]?.partitions.join() === '0')).toBe(true));
  const released = cluster.sent.findIndex(
    ({ api, request }) =>
      api === 'ConsumerGroupHeartbeat' && (request as ConsumerGroupHeartbeatRequest).topicPartitions?.[0]?.partitions.join() === '0',
  );
  const commits = cluster.sent.slice(0, released).filter(({ api }) => api === 'OffsetCommit');
  expect(
    commits
      .flatMap(({ request }) => (request as OffsetCommitRequest).topics[0]!.partitions)
      .some((each) => each.partitionIndex === 1 && each.committedOffset === 3n),
  ).toBe(true);

  cluster.append('orders', 0, { records: [{ value: Buffer.from('0/3') }] });
  cluster.append('orders', 1, { records: [{ value: Buffer.from('1/3') }] });
  await until(() => expect(delivered).toContain('0/3'));
  expect(delivered).not.toContain('1/3');
});

test.each([
  'UNKNOWN_MEMBER_ID',
  'FENCED_MEMBER_EPOCH',
])('after %s it drops what it has, joins anew, and begins at the last commit', async (error) => {
  start();
  await until(() => expect(committed()).toEqual({ 'orders-0': 3n, 'orders-1': 3n }));
  const before = heartbeats().length;

  refusal = error;
  await until(() =>
    expect(
      heartbeats()
        .slice(before)
        .some(({ memberEpoch }) => memberEpoch === 0),
    ).toBe(true),
  );
  [refusal, assignment, epoch] = [undefined, [1], 5];
  cluster.offsets.get('readers')!.set('orders-1', 1n);
  await until(() => expect(delivered.slice(6)).toEqual(['1/1', '1/2']));
  expect(notes).toContain('Group readers took this consumer for dead. Joining again.');
});

test('G2: what it had when it was taken for dead it does not commit any more, as others may have gone on there', async () => {
  const plain = cluster.intercept!;
  cluster.intercept = (sent) => {
    if (sent.api === 'OffsetCommit' && epoch < 5) throw new NetworkError('ECONNREFUSED', 'refused');
    return plain(sent);
  };
  start();
  await until(() => expect(delivered).toHaveLength(6));
  refusal = 'FENCED_MEMBER_EPOCH';
  await until(() => expect(notes).toContain('Group readers took this consumer for dead. Joining again.'));

  [refusal, assignment, epoch] = [undefined, [1], 5];
  await until(() => expect(committed()['orders-1']).toBe(3n));
  await new Promise((resolve) => setTimeout(resolve, 1_100));

  expect(committed()).toEqual({ 'orders-1': 3n });
});

test('G1: of a batch that is being handed over when its partition is taken away the rest is left to the next owner', async () => {
  cluster.addTopic('orders', 2);
  cluster.append('orders', 0, { records: [0, 1, 2].map((i) => ({ value: Buffer.from(`${i}`) })) });
  let letGo: (() => void) | undefined;
  const handed: bigint[] = [];
  consumer = new GroupConsumer({
    cluster,
    groupId: 'readers',
    memberId: 'me',
    topic: 'orders',
    deliver: (_, { offset }) => {
      handed.push(offset);
      return new Promise((resolve) => {
        letGo = resolve;
      });
    },
    note: (line) => notes.push(line),
  });
  start();
  await until(() => expect(letGo).toBeDefined());

  assignment = [1];
  await new Promise((resolve) => setTimeout(resolve, 100));
  letGo!();
  await until(() => expect(notes).toContain('Group readers gives orders-0 to another member.'));

  expect(handed).toEqual([0n]);
  expect(committed()).toEqual({ 'orders-0': 1n });
});

test('G3: when it stops it has committed all that it has handed over, and then leaves', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));

  await consumer.stop();

  expect(committed()).toEqual({ 'orders-0': 3n, 'orders-1': 3n });
  expect(cluster.sent.at(-1)).toMatchObject({ api: 'ConsumerGroupHeartbeat', request: { memberEpoch: -1, memberId: 'me' } });
  await ended;
});

test('G9: a coordinator that is none any more is not who it says goodbye to', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));
  const plain = cluster.intercept!;
  let coordinator = 1;
  cluster.intercept = (sent) => {
    if (sent.api === 'FindCoordinator') return { coordinators: [{ key: 'readers', nodeId: coordinator, host: 'localhost', port: 1 }] };
    const isFarewell = sent.api === 'ConsumerGroupHeartbeat' && (sent.request as ConsumerGroupHeartbeatRequest).memberEpoch < 0;
    if (!isFarewell || sent.to !== 1) return plain(sent);
    coordinator = 2;
    return { errorCode: 'NOT_COORDINATOR' };
  };

  await consumer.stop();

  expect(cluster.sent.at(-1)).toMatchObject({ to: 2, api: 'ConsumerGroupHeartbeat', request: { memberEpoch: -1 } });
});

test('a goodbye that the group does not take is told', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));
  const plain = cluster.intercept!;
  let answer: string = 'COORDINATOR_LOAD_IN_PROGRESS';
  cluster.intercept = (sent) =>
    sent.api === 'ConsumerGroupHeartbeat' && (sent.request as ConsumerGroupHeartbeatRequest).memberEpoch < 0
      ? { errorCode: answer }
      : plain(sent);

  await expect(consumer.stop()).rejects.toMatchObject({ errorName: 'COORDINATOR_LOAD_IN_PROGRESS' });
  answer = 'UNKNOWN_MEMBER_ID';
  await consumer.stop();
});

test('what was not handed over is not committed', async () => {
  let hand: (() => void) | undefined;
  consumer = new GroupConsumer({
    cluster,
    groupId: 'readers',
    memberId: 'me',
    topic: 'orders',
    deliver: (place, { offset }) =>
      place.partition === 0 && offset === 1n
        ? new Promise((_, reject) => {
            hand = () => reject(new Error('the reader is gone'));
          })
        : Promise.resolve(),
    note: () => {},
  });
  assignment = [0];
  start();
  await until(() => expect(hand).toBeDefined());
  hand!();

  await expect(ended).rejects.toThrow('the reader is gone');
  await consumer.stop();
  expect(committed()).toEqual({ 'orders-0': 1n });
});

test('a commit that comes in an epoch that is over is tried again in the next one, before the partition is given up', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));
  let refused = 0;
  const plain = cluster.intercept!;
  cluster.intercept = (sent) => {
    if (sent.api === 'OffsetCommit' && refused++ < 2)
      return { topics: [{ topicId: idOf('orders'), partitions: [{ partitionIndex: 1, errorCode: 'STALE_MEMBER_EPOCH' }] }] };
    return plain(sent);
  };

  assignment = [];
  await until(() => expect(notes.some((note) => note.includes('to another member'))).toBe(true));

  expect(refused).toBeGreaterThan(2);
  expect(committed()).toEqual({ 'orders-0': 3n, 'orders-1': 3n });
});

test('a leader that moves is followed, one that is gone is waited for, and nothing is read twice', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));
  const [, log] = cluster.topics.get('orders')!;

  log!.leader = -1;
  cluster.append('orders', 1, { records: [{ value: Buffer.from('1/3') }] });
  const plain = cluster.intercept!;
  cluster.intercept = (sent) => {
    if (sent.api === 'Fetch' && sent.to === 2) throw new NetworkError('ECONNRESET', 'reset');
    return plain(sent);
  };
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(delivered).toHaveLength(6);
  log!.leader = 3;

  await until(() => expect(delivered.slice(6)).toEqual(['1/3']));
});

test('a topic that is gone for good ends it', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));
  const plain = cluster.intercept!;
  cluster.intercept = (sent) => {
    if (sent.api === 'Fetch') throw new NetworkError('ECONNRESET', 'reset');
    return plain(sent);
  };
  cluster.topics.delete('orders');

  await expect(ended).rejects.toMatchObject({ errorName: 'UNKNOWN_TOPIC_OR_PARTITION' });
});

test('what no heartbeat can mend ends it', async () => {
  start();
  await until(() => expect(delivered).toHaveLength(6));
  refusal = 'GROUP_AUTHORIZATION_FAILED';

  await expect(ended).rejects.toMatchObject({ errorName: 'GROUP_AUTHORIZATION_FAILED' });
});

test('a stop that comes while it takes partitions ends it', async () => {
  const answer = cluster.intercept!;
  let stopped: Promise<void> | undefined;
  cluster.intercept = (sent) => {
    if (sent.api === 'OffsetFetch') stopped ??= consumer.stop();
    return answer(sent);
  };

  start();

  await until(() => expect(stopped).toBeDefined());
  await stopped;
  await ended;
  expect(delivered).toEqual([]);
});
